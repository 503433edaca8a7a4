//! Whether a hook is as it should be.
//!
//! Owns what is wrong with one, and the remedy. Must not know how it is looked at.

use serde_json::{Value, json};
use wildmatch::WildMatch;

/// The only point at which hooks are called
/// (<https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/hook-configuration-schema.html>).
const INVOCATION_POINT: &str = "PRE_PROVISION";

/// The aliases that `template.yaml` gives its hooks: the one that is called for resources, and the one for templates and change
/// sets, which is deployed only where it is wanted.
pub const ALIASES: [&str; 2] = [RESOURCES, STACKS];
const RESOURCES: &str = "EcsGuard::TaskDefinition::Hook";
const STACKS: &str = "EcsGuard::Stack::Hook";

/// What can bring a violation into an account.
const ACTIONS: [&str; 2] = ["CREATE", "UPDATE"];

/// The type that rules are about.
const TARGET: &str = crate::template::TASK_DEFINITION;

/// A hook as it is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The account that it is in.
    pub account: Option<String>,
    /// The version of the hook's type.
    pub version: Option<String>,
    /// Its configuration; `None`: it has none.
    pub configuration: Option<Configuration>,
    /// The function that it calls.
    pub function: Looked,
    /// Whether the function's policy is the one at hand.
    pub policy: Policy,
}

/// What was seen of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// It is there.
    Seen(Function),
    /// It is not there.
    Absent,
    /// It could not be looked at.
    Unknown,
}

/// What a hook is configured to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Whether it is called at all.
    pub is_enabled: bool,
    /// `FAIL`, `WARN`, or a word that is new.
    pub failure_mode: Option<String>,
    /// Which operations it is called for.
    pub operations: Vec<String>,
    /// The function's ARN.
    pub function: Option<String>,
    /// Which targets it is called for, as it is written.
    pub target_filters: Option<Value>,
    /// Which stacks it is called for, as it is written.
    pub stack_filters: Option<Value>,
    /// All of it, as it is written.
    written: Value,
}

impl Configuration {
    /// Reads what CloudFormation keeps of a hook; `None` for what is not of that shape. Members that are not known are
    /// passed over
    /// (<https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/hook-configuration-schema.html>).
    pub fn read(text: &str) -> Option<Self> {
        let root: Value = serde_json::from_str(text).ok()?;
        let hook = root.get("CloudFormationConfiguration")?.get("HookConfiguration")?;
        let word = |key: &str| hook.get(key).and_then(Value::as_str);
        // The older word for the same switch.
        let is_enabled = match (word("HookInvocationStatus"), word("TargetStacks")) {
            (Some(status), _) => status.eq_ignore_ascii_case("ENABLED"),
            (None, targets) => targets.is_some_and(|targets| targets.eq_ignore_ascii_case("ALL")),
        };
        Some(Self {
            is_enabled,
            failure_mode: word("FailureMode").map(str::to_owned),
            operations: words(hook.get("TargetOperations")),
            function: hook
                .get("Properties")
                .and_then(|properties| properties.get("LambdaFunction"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            target_filters: hook.get("TargetFilters").cloned(),
            stack_filters: hook.get("StackFilters").cloned(),
            written: root.clone(),
        })
    }

    fn is_for(&self, operation: &str) -> bool {
        // Without the key, it is for resources
        // (<https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/hook-configuration-schema.html>).
        self.operations.iter().any(|own| own == operation)
            || self.operations.is_empty() && operation == "RESOURCE"
    }

    /// Whether a hook of this alias is for templates and change sets, and not for resources. Of an alias of somebody's own only
    /// what it is called for tells.
    fn is_for_stacks(&self, alias: &str) -> bool {
        match alias {
            RESOURCES => false,
            STACKS => true,
            _ => !self.is_for("RESOURCE") && (self.is_for("STACK") || self.is_for("CHANGE_SET")),
        }
    }

    /// The operations that a hook of this alias has to be called for, and what is lost without each.
    fn wanted(&self, alias: &str) -> [(&'static str, &'static str); 2] {
        if self.is_for_stacks(alias) {
            [("STACK", "templates"), ("CHANGE_SET", "change sets")]
        } else {
            [("RESOURCE", "task definitions in stacks"), ("CLOUD_CONTROL", "Cloud Control API requests")]
        }
    }

    fn is_for_all_that_is_wanted(&self, alias: &str) -> bool {
        self.wanted(alias).iter().all(|(operation, _)| self.is_for(operation))
    }

    fn admits_all_actions(&self) -> bool {
        ACTIONS.iter().all(|action| self.admits(action))
    }

    /// It as it is written, but switched on, and for the operations and the targets that `template.yaml` says: `set-type-configuration`
    /// replaces the whole.
    fn mended(&self, alias: &str) -> Value {
        let mut mended = self.written.clone();
        let hook = mended
            .get_mut("CloudFormationConfiguration")
            .and_then(|root| root.get_mut("HookConfiguration"))
            .and_then(Value::as_object_mut);
        let Some(hook) = hook else { return mended };
        hook.remove("TargetStacks");
        hook.insert("HookInvocationStatus".into(), "ENABLED".into());
        if !self.is_for_all_that_is_wanted(alias) {
            let operations = self.wanted(alias).map(|(operation, _)| operation);
            hook.insert("TargetOperations".into(), json!(operations));
        }
        if !self.admits_all_actions() {
            let filters = if self.is_for_stacks(alias) {
                json!({"Actions": ACTIONS, "InvocationPoints": [INVOCATION_POINT]})
            } else {
                json!({"TargetNames": [TARGET], "Actions": ACTIONS, "InvocationPoints": [INVOCATION_POINT]})
            };
            hook.insert("TargetFilters".into(), filters);
        }
        mended
    }

    /// Whether the filters let an action on a task definition through. A list that is not there lets everything through.
    fn admits(&self, action: &str) -> bool {
        let Some(filters) = &self.target_filters else { return true };
        let is_named = |names: &[String]| names.iter().any(|name| WildMatch::new(name).matches(TARGET));
        let has = |own: &[String], word: &str| own.iter().any(|own| own.eq_ignore_ascii_case(word));
        if let Some(Value::Array(targets)) = filters.get("Targets") {
            return targets.iter().any(|target| {
                let points = words(target.get("InvocationPoint"));
                is_named(&words(target.get("TargetName")))
                    && has(&words(target.get("Action")), action)
                    && (points.is_empty() || has(&points, INVOCATION_POINT))
            });
        }
        let list = |key: &str| words(filters.get(key));
        let (names, actions, points) = (list("TargetNames"), list("Actions"), list("InvocationPoints"));
        (names.is_empty() || is_named(&names))
            && (actions.is_empty() || has(&actions, action))
            && (points.is_empty() || has(&points, INVOCATION_POINT))
    }

    /// The filters on stacks, and whether a stack needs to pass all of them or any.
    fn stack_filters(&self) -> (Vec<StackFilter>, bool) {
        let Some(written) = &self.stack_filters else { return (Vec::new(), true) };
        let filter = |(key, whose): (&str, &'static str)| {
            let lists = written.get(key)?;
            let list = |key: &str| lists.get(key).map(|list| words(Some(list)));
            Some(StackFilter {
                whose,
                include: list("Include"),
                exclude: list("Exclude").unwrap_or_default(),
            })
        };
        let filters = [("StackNames", "called"), ("StackRoles", "deployed with the role")];
        let needs_all =
            written.get("FilteringCriteria").and_then(Value::as_str).is_none_or(|criteria| criteria != "ANY");
        (filters.into_iter().filter_map(filter).collect(), needs_all)
    }
}

/// A filter on the names or the roles of stacks: what is included without what is excluded; everything is included where
/// there is no such list
/// (<https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/hooks-stack-level-filtering.html>).
#[derive(Debug)]
struct StackFilter {
    /// How a stack has what is filtered, as a part of a sentence.
    whose: &'static str,
    include: Option<Vec<String>>,
    exclude: Vec<String>,
}

impl StackFilter {
    /// Whether it lets no stack through, as far as that can be told from its patterns.
    fn is_closed(&self) -> bool {
        let is_excluded = |pattern: &String| {
            self.exclude.iter().any(|own| own == pattern || WildMatch::new(own).matches(pattern))
        };
        match &self.include {
            None => self.exclude.iter().any(|pattern| takes_everything(pattern)),
            Some(include) => include.iter().all(is_excluded),
        }
    }

    /// What alone it lets through, if that is not everything.
    fn only(&self) -> Option<String> {
        let include = self.include.as_ref()?;
        let limits = !include.iter().any(|pattern| takes_everything(pattern));
        limits.then(|| format!("{} {}", self.whose, include.join(", ")))
    }
}

/// Whether a pattern takes every name, none of which is empty.
fn takes_everything(pattern: &str) -> bool {
    pattern.contains('*')
        && pattern.chars().all(|own| matches!(own, '*' | '?'))
        && pattern.chars().filter(|own| *own == '?').count() <= 1
}

/// The strings of a list, or the one string that stands in its place.
fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(word)) => vec![word.clone()],
        _ => Vec::new(),
    }
}

/// A function as it is deployed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Function {
    /// The version that the hook's ARN leads to.
    pub version: Option<String>,
    /// `Active`, or why it is not called.
    pub state: Option<String>,
    /// `Successful`, or how its last change ended.
    pub last_update: Option<String>,
    /// How many calls at once are set aside for it; none is a switch.
    pub reserved_concurrency: Option<i32>,
}

/// Whether the deployed policy is the one at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {
    /// It is, byte by byte; with its hash.
    Same(String),
    /// It is not.
    Different {
        /// The hash of the deployed one.
        deployed: String,
        /// The hash of the one at hand.
        local: String,
    },
    /// The deployed one cannot be read as a policy.
    Broken {
        /// Its hash.
        deployed: String,
        /// What is wrong with it, on one line.
        problem: String,
    },
    /// There is none where the function looks for it.
    Absent,
    /// That cannot be told, for this reason.
    Unknown(String),
}

/// Something that is wrong, and what to do about it, each a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

fn problem(what: impl Into<String>, remedy: impl Into<String>) -> Problem {
    Problem { what: what.into(), remedy: remedy.into() }
}

/// Where a hook is, as commands for AWS name it.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its alias.
    pub alias: &'a str,
    /// The Region.
    pub region: &'a str,
    /// The profile that it was looked at with, if one was named.
    pub profile: Option<&'a str>,
}

impl Place<'_> {
    /// A command for AWS that does something there, as it can be given to a shell.
    fn command(&self, command: &str) -> String {
        let profile = self.profile.map(|profile| format!(" --profile {}", quoted(profile)));
        format!("`aws {command} --region {}{}`", self.region, profile.unwrap_or_default())
    }

    /// The command that sets the hook's configuration right.
    fn set(&self, configuration: &Configuration) -> String {
        // An apostrophe would end the shell's quotes.
        let mended = configuration.mended(self.alias).to_string().replace('\'', "\\u0027");
        self.command(&format!(
            "cloudformation set-type-configuration --type HOOK --type-name {} --configuration '{mended}'",
            self.alias
        ))
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@+".contains(&byte);
    if word.bytes().all(is_plain) { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

// CloudFormation compares a new template and new parameters with those before, never with what is there
// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html>). So to deploy the same again
// mends nothing that was changed by hand, and brings nothing back that was deleted.

/// Another artifact is another version of the function, and the alias is moved to it, wherever it was.
const DEPLOY: &str = "Deploy it again with `make deploy`; where that finds nothing to change, with a comment more in the policy";

/// Another value of a property makes CloudFormation write all of them.
const WRITE_AGAIN: &str = "the stack with the parameter `HookStatus=DISABLED` and then with `HookStatus=ENABLED`: CloudFormation writes a configuration again only when it changes";

/// What is wrong with a hook that is not there.
pub fn absent(alias: &str) -> Problem {
    problem(
        format!("there is no hook {alias}: nothing is judged."),
        "Deploy it with `make deploy`, or name the hook with `--hook` if it was deployed under another name. Where its stack is there, somebody deleted the hook, and an update does not bring it back: note its parameters, delete it, and deploy it again with them.",
    )
}

/// What is wrong with a hook at this place, the worst first.
pub fn problems(hook: &Hook, place: Place<'_>) -> Vec<Problem> {
    let Some(configuration) = &hook.configuration else {
        return vec![problem(
            "the hook has no configuration that is understood, so CloudFormation may not call it.",
            format!("Deploy {WRITE_AGAIN}."),
        )];
    };
    let mut problems = Vec::new();
    if !configuration.is_enabled {
        problems.push(problem(
            "the hook is switched off: nothing is judged.",
            format!(
                "Deploy the stack with the parameter `HookStatus=ENABLED`. Where it has that, somebody switched the hook off by hand, and this switches it on: {}.",
                place.set(configuration)
            ),
        ));
    }
    problems.extend(of_targets(configuration, place));
    match configuration.failure_mode.as_deref() {
        Some("WARN" | "FAIL") => {}
        other => problems.push(problem(
            format!(
                "the hook's FailureMode is {}, so whether it blocks is not known.",
                other.unwrap_or("not set")
            ),
            format!("Deploy {WRITE_AGAIN}."),
        )),
    }
    match (&configuration.function, &hook.function) {
        (None, _) => problems.push(problem("the hook names no function to call.", format!("Deploy {WRITE_AGAIN}."))),
        (Some(_), Looked::Unknown) => {}
        (Some(arn), Looked::Seen(function)) => problems.extend(of_function(function, arn, place)),
        (Some(arn), Looked::Absent) => problems.push(problem(
            format!("the hook's function {arn} is not there: every call of the hook fails."),
            "Note the stack's parameters, delete it, and deploy it again with them: an update does not bring back what was deleted by hand. Where deployments must go on meanwhile, deploy the parameter `HookStatus=DISABLED` first.",
        )),
    }
    match &hook.policy {
        Policy::Same(_) | Policy::Unknown(_) => {}
        Policy::Different { deployed, local } => problems.push(problem(
            format!("the deployed policy (SHA-256 {deployed}) is not the one at hand ({local})."),
            format!("{DEPLOY}. Or name the deployed one with `--policy`."),
        )),
        Policy::Absent => problems.push(problem(
            "there is no policy file in the function's artifact, so every task definition fails.",
            format!("{DEPLOY}."),
        )),
        Policy::Broken { problem: wrong, .. } => problems.push(problem(
            format!("the deployed policy is broken, so every task definition fails: {wrong}."),
            format!("Mend it until `ecs-guard policy check` finds it right. {DEPLOY}."),
        )),
    }
    problems
}

/// What limits a hook that somebody may have meant to: no problem, but not to be forgotten. Each is a sentence.
pub fn notes(hook: &Hook) -> Vec<String> {
    let Some(configuration) = &hook.configuration else { return Vec::new() };
    let (filters, needs_all) = configuration.stack_filters();
    let limits: Vec<_> =
        filters.iter().filter(|filter| !filter.is_closed()).filter_map(StackFilter::only).collect();
    if !needs_all && limits.len() < filters.len() {
        return Vec::new();
    }
    if needs_all {
        return limits.into_iter().map(|limit| format!("only stacks {limit} are judged.")).collect();
    }
    let limits = limits.join(" or ");
    if limits.is_empty() { Vec::new() } else { vec![format!("only stacks {limits} are judged.")] }
}

fn of_targets(configuration: &Configuration, place: Place<'_>) -> Vec<Problem> {
    let mut wrong = Vec::new();
    for (operation, whose) in configuration.wanted(place.alias) {
        if !configuration.is_for(operation) {
            wrong.push(format!("the hook is not called for {whose}: its TargetOperations lack {operation}."));
        }
    }
    for action in ACTIONS {
        if !configuration.admits(action) {
            wrong.push(format!(
                "the hook's TargetFilters leave out the action {action} on {TARGET} at {INVOCATION_POINT}."
            ));
        }
    }
    // No parameter of the stack says any of this, and one call mends all of it, and a hook that is switched off.
    let mut remedy = configuration.is_enabled.then(|| {
        format!(
            "No parameter of the stack says that: somebody changed it by hand, and no deployment changes it back. This does: {}.",
            place.set(configuration)
        )
    });
    let mended_above = || "The call above mends this too.".to_owned();
    let mut problems: Vec<_> =
        wrong.into_iter().map(|what| problem(what, remedy.take().unwrap_or_else(mended_above))).collect();
    let (filters, needs_all) = configuration.stack_filters();
    let closed = filters.iter().filter(|filter| filter.is_closed()).count();
    if closed > 0 && (needs_all || closed == filters.len()) {
        problems.push(problem(
            // Cloud Control API requests belong to no stack.
            "the hook's StackFilters leave out every stack: none is judged.",
            format!(
                "Deploy the stack with other `IncludedStackNames`, `ExcludedStackNames` or `ExcludedStackRoles`. Where these leave stacks to judge, somebody changed the filters by hand: deploy {WRITE_AGAIN}."
            ),
        ));
    }
    problems
}

/// What is wrong with the function that this ARN leads to.
fn of_function(function: &Function, arn: &str, place: Place<'_>) -> Vec<Problem> {
    let why = |member: &str| {
        let asked =
            format!("lambda get-function-configuration --function-name {} --query {member}", quoted(arn));
        format!("{} says why. {DEPLOY}.", place.command(&asked))
    };
    let mut problems = Vec::new();
    // A function that was idle for long wakes up with its first call, which fails
    // (<https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>).
    if let Some(state) = function.state.as_deref().filter(|state| *state != "Active") {
        problems.push(problem(
            format!("the function's state is {state}, so it cannot be called."),
            match state {
                "Pending" => "Wait a minute, and look again.".into(),
                "Inactive" => format!(
                    "It was not called for long. Wake it with {}, which fails, and look again in a minute.",
                    place.command(&format!("lambda invoke --function-name {} answer.json", quoted(arn)))
                ),
                _ => why("StateReason"),
            },
        ));
    }
    if let Some(update) = function.last_update.as_deref().filter(|update| *update != "Successful") {
        problems.push(problem(
            format!("the function's last update is {update}."),
            match update {
                "InProgress" => "Wait a minute, and look again.".into(),
                _ => why("LastUpdateStatusReason"),
            },
        ));
    }
    if function.reserved_concurrency == Some(0) {
        problems.push(problem(
            "the function's reserved concurrency is 0, so every call is refused.",
            format!(
                "Remove it with {}.",
                place.command(&format!(
                    "lambda delete-function-concurrency --function-name {}",
                    quoted(without_qualifier(arn))
                ))
            ),
        ));
    }
    problems
}

/// A function's ARN without its alias or version, for what belongs to all of them.
fn without_qualifier(arn: &str) -> &str {
    match arn.match_indices(':').nth(6) {
        Some((end, _)) => arn.get(..end).unwrap_or(arn),
        None => arn,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(alias: &str) -> Place<'_> {
        Place { alias, region: "eu-west-1", profile: None }
    }

    fn problems(hook: &Hook) -> Vec<Problem> {
        super::problems(hook, at("Own::Hook::Alias"))
    }

    fn configuration(change: impl FnOnce(&mut Value)) -> Configuration {
        let mut hook = json!({
            "HookInvocationStatus": "ENABLED",
            "TargetOperations": ["RESOURCE", "CLOUD_CONTROL"],
            "FailureMode": "WARN",
            "Properties": {"LambdaFunction": "arn:aws:lambda:eu-west-1:111122223333:function:guard:live"},
            "TargetFilters": {
                "TargetNames": ["AWS::ECS::TaskDefinition"],
                "Actions": ["CREATE", "UPDATE"],
                "InvocationPoints": ["PRE_PROVISION"],
            },
            "Something": "new",
        });
        change(&mut hook);
        let text = json!({"CloudFormationConfiguration": {"HookConfiguration": hook}}).to_string();
        Configuration::read(&text).unwrap()
    }

    fn hook(configuration: Configuration) -> Hook {
        let function = Function {
            version: Some("3".into()),
            state: Some("Active".into()),
            last_update: Some("Successful".into()),
            reserved_concurrency: None,
        };
        Hook {
            account: None,
            version: Some("00000001".into()),
            configuration: Some(configuration),
            function: Looked::Seen(function),
            policy: Policy::Same("ab".into()),
        }
    }

    #[test]
    fn a_hook_as_it_is_deployed_has_no_problem() {
        assert_eq!(problems(&hook(configuration(|_| {}))), []);
        let of_stacks = configuration(|hook| {
            hook["TargetOperations"] = json!(["STACK", "CHANGE_SET"]);
            hook["TargetFilters"] = json!({"Actions": ["CREATE", "UPDATE"]});
        });
        assert_eq!(problems(&hook(of_stacks.clone())), []);
        // Of an alias of the template's, that decides what it is for.
        assert_eq!(super::problems(&hook(of_stacks.clone()), at(STACKS)), []);
        assert_eq!(super::problems(&hook(configuration(|_| {})), at(RESOURCES)), []);
        for (wrong, alias) in [(of_stacks, RESOURCES), (configuration(|_| {}), STACKS)] {
            let found = super::problems(&hook(wrong), at(alias));
            assert_eq!(found.len(), 2, "{found:?}");
            assert!(found[0].what.starts_with("the hook is not called for"), "{found:?}");
        }
        let pairs = configuration(|hook| {
            let target = |action: &str| json!({"TargetName": "AWS::ECS::*", "Action": action, "InvocationPoint": "PRE_PROVISION"});
            hook["TargetFilters"] = json!({"Targets": [target("CREATE"), target("UPDATE")]});
        });
        assert_eq!(problems(&hook(pairs)), []);
    }

    #[test]
    fn each_problem_is_found_and_has_a_remedy() {
        let changed = |change: fn(&mut Value)| problems(&hook(configuration(change)));
        let function = |change: fn(&mut Function)| {
            let mut hook = hook(configuration(|_| {}));
            let Looked::Seen(seen) = &mut hook.function else { panic!() };
            change(seen);
            problems(&hook)
        };
        for (found, words) in [
            (changed(|hook| hook["HookInvocationStatus"] = "DISABLED".into()), "switched off"),
            (changed(|hook| hook["TargetOperations"] = json!(["RESOURCE"])), "CLOUD_CONTROL"),
            (changed(|hook| hook["TargetOperations"] = json!(["STACK"])), "CHANGE_SET"),
            (changed(|hook| hook["TargetFilters"]["Actions"] = json!(["CREATE"])), "action UPDATE"),
            (changed(|hook| hook["Properties"] = json!({})), "no function"),
            (changed(|hook| hook["StackFilters"] = stacks("ALL", &json!({"Exclude": ["*"]}))), "every stack"),
            (
                changed(|hook| hook["StackFilters"] = stacks("ANY", &json!({"Exclude": ["?*"]}))),
                "every stack",
            ),
            (
                changed(|hook| {
                    hook["StackFilters"] =
                        stacks("ALL", &json!({"Include": ["shop-*"], "Exclude": ["shop*"]}));
                }),
                "every stack",
            ),
            (changed(|hook| hook["FailureMode"] = "BLOCK".into()), "FailureMode is BLOCK"),
            (changed(|hook| hook["FailureMode"] = Value::Null), "FailureMode is not set"),
            (function(|function| function.state = Some("Inactive".into())), "Inactive"),
            (function(|function| function.state = Some("Failed".into())), "Failed"),
            (function(|function| function.last_update = Some("InProgress".into())), "InProgress"),
            (function(|function| function.last_update = Some("Failed".into())), "last update"),
            (function(|function| function.reserved_concurrency = Some(0)), "concurrency"),
            (problems(&Hook { function: Looked::Absent, ..hook(configuration(|_| {})) }), "is not there"),
            (problems(&Hook { configuration: None, ..hook(Configuration::default()) }), "no configuration"),
            (vec![absent("A::B::C")], "no hook A::B::C"),
        ] {
            let [Problem { what, remedy }] = found.as_slice() else { panic!("{words}: {found:?}") };
            assert!(what.contains(words) && what.ends_with('.'), "{what}");
            assert!(remedy.len() > 10 && remedy.ends_with('.'), "{remedy}");
        }
        for change in [
            |hook: &mut Value| hook["TargetFilters"]["TargetNames"] = json!(["AWS::S3::*"]),
            |hook: &mut Value| hook["TargetFilters"]["InvocationPoints"] = json!(["POST_PROVISION"]),
        ] {
            let everything = changed(change);
            assert_eq!(everything.len(), 2, "{everything:?}");
        }
        let policy = Policy::Broken { deployed: "ab".into(), problem: "line 1: no profile".into() };
        let found = problems(&Hook { policy, ..hook(configuration(|_| {})) });
        assert!(found[0].what.contains("line 1: no profile"), "{found:?}");
        let found = problems(&Hook { policy: Policy::Absent, ..hook(configuration(|_| {})) });
        assert!(found[0].what.contains("no policy file"), "{found:?}");
        let policy = Policy::Different { deployed: "ab".into(), local: "cd".into() };
        let found = problems(&Hook { policy, ..hook(configuration(|_| {})) });
        assert!(found[0].what.contains("ab") && found[0].what.contains("cd"), "{found:?}");
    }

    #[test]
    fn a_configuration_that_is_set_as_the_remedy_says_has_no_problem() {
        for (alias, operations) in [
            (RESOURCES, json!(["RESOURCE", "CLOUD_CONTROL"])),
            (STACKS, json!(["STACK", "CHANGE_SET"])),
            ("Own::Stack::Alias", json!(["STACK", "CHANGE_SET"])),
        ] {
            let wrong = configuration(|hook| {
                hook["HookInvocationStatus"] = Value::Null;
                hook["TargetStacks"] = "NONE".into();
                hook["TargetOperations"] = json!(["STACK"]);
                hook["TargetFilters"] =
                    json!({"Targets": [{"TargetName": "AWS::S3::Bucket", "Action": "CREATE"}]});
                hook["FailureMode"] = "FAIL".into();
                hook["StackFilters"] = stacks("ALL", &json!({"Include": ["it's"]}));
            });
            assert_eq!(
                super::problems(&hook(wrong.clone()), at(alias)).len(),
                if alias == RESOURCES { 5 } else { 4 }
            );
            let command = at(alias).set(&wrong);
            let (_, text) = command.split_once("--configuration '").unwrap();
            let (text, rest) = text.split_once('\'').unwrap();
            assert_eq!(rest, " --region eu-west-1`");
            let mended = Configuration::read(text).unwrap();
            assert_eq!(super::problems(&hook(mended.clone()), at(alias)), []);
            assert_eq!(mended.stack_filters, wrong.stack_filters);
            assert_eq!(mended.failure_mode.as_deref(), Some("FAIL"));
            assert_eq!(json!(mended.operations), operations);
            let other =
                mended.written["CloudFormationConfiguration"]["HookConfiguration"]["Something"].clone();
            assert_eq!(other, "new");
        }
    }

    #[test]
    fn commands_name_what_they_are_about() {
        let place = Place { alias: STACKS, region: "eu-west-1", profile: Some("my own") };
        assert_eq!(place.command("a b"), "`aws a b --region eu-west-1 --profile 'my own'`");
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:guard";
        for qualified in [arn.to_owned(), format!("{arn}:live"), format!("{arn}:7")] {
            assert_eq!(without_qualifier(&qualified), arn);
        }
    }

    fn stacks(criteria: &str, names: &Value) -> Value {
        json!({"FilteringCriteria": criteria, "StackNames": names})
    }

    #[test]
    fn what_is_judged_alone_is_noted() {
        let noted = |filters: Value| {
            let hook = hook(configuration(|hook| hook["StackFilters"] = filters));
            assert_eq!(problems(&hook), []);
            notes(&hook)
        };
        let only = "only stacks called shop-*, orders are judged.";
        let include = json!({"Include": ["shop-*", "orders"], "Exclude": ["shop-a"]});
        assert_eq!(noted(stacks("ALL", &include)), [only]);
        assert_eq!(noted(stacks("ANY", &include)), [only]);
        // With ANY, a stack that another filter lets through is judged as well.
        let roles =
            json!({"FilteringCriteria": "ANY", "StackNames": include, "StackRoles": {"Exclude": ["a"]}});
        assert_eq!(noted(roles), Vec::<String>::new());
        assert_eq!(noted(stacks("ALL", &json!({"Exclude": ["ecs-guard"]}))), Vec::<String>::new());
        assert_eq!(noted(stacks("ALL", &json!({"Include": ["*"]}))), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_configuration_is_none() {
        for text in ["", "{}", "[]", r#"{"CloudFormationConfiguration":{}}"#, "{\"CloudFormationConf"] {
            assert_eq!(Configuration::read(text), None, "{text}");
        }
    }
}
