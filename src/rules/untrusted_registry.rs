//! The rule `untrusted-registry`. Must not know other rules.

use crate::document::{Holds, Lookup, Partial, Unresolved, View};
use crate::finding::quote;
use crate::rule::image::Repository;
use crate::rule::{Context, Metadata, OptionKind, Rule, RuleOption, declare_rule};

declare_rule! {
    /// ## What it does
    /// Requires that every `Image` comes from one of the option `registries`. The rule is off until the policy sets that.
    ///
    /// A registry is written as its host, `public.ecr.aws`, or with a repository behind it, `docker.io/library/*`, where `*`
    /// stands for any text, but not across the first slash. Names without a registry are Docker Hub's, as Docker takes them:
    /// `nginx` is `docker.io/library/nginx`.
    ///
    /// ## Why is this bad?
    /// It may be what its name says, or only be called so, and it was scanned by nobody you know.
    ///
    /// ## How to fix
    /// Push the image to a registry that is allowed, for example to Amazon ECR, or let a pull through cache fetch it from there.
    ///
    /// Not applicable to containers without an image, which Amazon ECS refuses.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     Image: bitnami/redis:7
    /// ```
    /// A comparison of the beginning or of a part lets these pass:
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, Image: 'public.ecr.aws.example/web:1'}]
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, Image: 'registry.example/111122223333.dkr.ecr.eu-central-1.amazonaws.com/web:1'}]
    /// ```
    /// A repository has no capital letters, so Docker takes this for a host:
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, Image: LIBRARY/nginx}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, Image: '111122223333.dkr.ecr.eu-central-1.amazonaws.com/web:1'}, {Name: side, Image: nginx}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions:
    ///   - Name: web
    ///     Image: !Join ['', [111122223333.dkr.ecr., !Ref AWS::Region, '.amazonaws.com/web:', !Ref Tag]]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, Image: !Ref Image}]
    /// ```
    /// ```yaml,not-applicable
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    pub struct UntrustedRegistry {
        name: "untrusted-registry",
        severity: High,
        profile: Pedantic,
        platform: Any,
        since: "0.1.0",
        why: "An image from a registry that nobody chose is a program that nobody chose, with the task's rights.",
        remediation: "Take the image from a registry that the policy lists under `registries`.",
        options: [REGISTRIES],
        references: [
            CisComputeServices("3.13", "same, as far as the benchmark is known to us"),
        ],
    }
}

const REGISTRIES: RuleOption = RuleOption {
    name: "registries",
    kind: OptionKind::Texts {
        default: &[],
        example: &["111122223333.dkr.ecr.*.amazonaws.com", "docker.io/library/*", "public.ecr.aws"],
        expected: "a registry's host, perhaps with `/` and a repository, without scheme and tag",
        normalize,
        may_be_empty: false,
    },
    documentation: "The registries, or repositories in them, that images may come from.",
};

fn normalize(pattern: &str) -> Option<String> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'*' | b'/' | b':');
    let (host, path) = pattern.split_once('/').unwrap_or((pattern, "*"));
    let is_right = !host.is_empty() && !path.is_empty() && !path.starts_with('/') && !path.contains(':');
    (is_right && pattern.bytes().all(is_name)).then(|| pattern.to_ascii_lowercase())
}

impl Rule for UntrustedRegistry {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        match container.field("Image").string() {
            Lookup::Known(image, node) => {
                if is_trusted(&Partial::known(image.text), context) != Holds::Yes {
                    let message = format!("`Image` is {}, from a registry that the policy does not list", quote(image.text));
                    context.fail("Image", Some(node), message);
                }
            }
            Lookup::Absent => context.not_applicable("no container names an image"),
            Lookup::Unresolved(unresolved) => judge_unresolved(&unresolved, context),
            Lookup::Malformed(problem) => context.malformed(&problem),
        }
    }
}

fn judge_unresolved(image: &Unresolved<'_>, context: &mut Context<'_>) {
    let known = image.partial();
    match is_trusted(&known, context) {
        Holds::Yes => {}
        Holds::No => {
            let beginning = quote(known.beginning());
            let message = format!("`Image` begins with {beginning}, a registry that the policy does not list");
            context.fail("Image", Some(image.node), message);
        }
        Holds::Perhaps => context.unresolved(image),
    }
}

fn is_trusted(image: &Partial<'_>, context: &Context<'_>) -> Holds {
    match Repository::of(image) {
        Some(repository) => {
            let registries = context.options().texts(&REGISTRIES);
            registries.map(|pattern| repository.matches(pattern)).fold(Holds::No, Holds::or)
        }
        None => Holds::Perhaps,
    }
}
