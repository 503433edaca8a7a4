//! The rule `mutable-image`. Must not know other rules.

use crate::document::{Lookup, Node, Partial, Unresolved, View};
use crate::finding::{Severity, quote};
use crate::rule::image::{Pin, pin};
use crate::rule::{Context, Metadata, OptionKind, Rule, RuleOption, declare_rule};

declare_rule! {
    /// ## What it does
    /// Requires an `Image` that is pinned by its digest, `@sha256:…`. With the option `require: tag`, a tag other than `latest`
    /// is enough.
    ///
    /// No tag and `latest` are MEDIUM, another tag is LOW.
    ///
    /// ## Why is this bad?
    /// What was tested is then not what runs, a rollback brings back something else, and whoever may push to the repository
    /// changes production.
    ///
    /// ## How to fix
    /// Write the digest behind the name: `registry.example/web:1.4@sha256:…`. Pipelines know it after the push;
    /// `docker buildx imagetools inspect NAME` shows it.
    ///
    /// Not applicable to containers without an image, which Amazon ECS refuses.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     Image: registry.example:5000/web
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, Image: 'nginx:1.29'}]
    /// ```
    /// The end of a name is enough to know that it is not pinned, or that it is:
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, Image: !Join ['', [!Ref Repository, ':latest']]}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, Image: !Join ['', [!Ref Repository, '@sha256:', !Ref Digest]]}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, Image: 'nginx:1.29@sha256:0b3f9e7c7f6b4d0e8a1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6'}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, Image: !Ref Image}]
    /// ```
    /// ```yaml,not-applicable
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    pub struct MutableImage {
        name: "mutable-image",
        severity: Low,
        profile: Pedantic,
        platform: Any,
        since: "0.1.0",
        why: "A tag can be moved to another image, so that what a task runs changes without a deployment.",
        remediation: "Pin the image by its digest: `NAME:TAG@sha256:…`.",
        options: [REQUIRE],
        references: [],
    }
}

const REQUIRE: RuleOption = RuleOption {
    name: "require",
    kind: OptionKind::Choice { default: "digest", words: &["digest", "tag"] },
    documentation: "What must pin an image: its `digest`, or at least a `tag` other than `latest`.",
};

impl Rule for MutableImage {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        match container.field("Image").string() {
            Lookup::Known(image, node) => judge(&Partial::known(image.text), node, None, context),
            Lookup::Absent => context.not_applicable("no container names an image"),
            Lookup::Unresolved(unresolved) => {
                judge(&unresolved.partial(), unresolved.node, Some(&unresolved), context);
            }
            Lookup::Malformed(problem) => context.malformed(&problem),
        }
    }
}

fn judge(image: &Partial<'_>, node: &Node<'_>, unresolved: Option<&Unresolved<'_>>, context: &mut Context<'_>) {
    const PROPERTY: &str = "Image";
    let requires_digest = context.options().is(&REQUIRE, "digest");
    let found = image.whole().map_or_else(|| format!("ends with {}", quote(image.end())), |image| format!("is {}", quote(image)));
    match pin(image) {
        Pin::Tag if requires_digest => {
            context.fail(PROPERTY, Some(node), format!("`Image` {found}, which has a tag and no digest"));
        }
        Pin::OtherDigest if requires_digest => {
            context.fail(PROPERTY, Some(node), format!("`Image` {found}, whose digest is not one of SHA-256"));
        }
        Pin::Digest | Pin::OtherDigest | Pin::Tag => {}
        Pin::Latest => {
            let message = format!("`Image` {found}, which means whatever is `latest`");
            let finding = context.fail(PROPERTY, Some(node), message);
            finding.severity = Severity::Medium;
            if !requires_digest {
                finding.remediation = "Write a tag other than `latest` behind the name, or a digest.".into();
            }
        }
        Pin::Open => {
            if let Some(unresolved) = unresolved {
                context.unresolved(unresolved);
            }
        }
    }
}
