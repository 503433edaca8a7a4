//! How rules are declared.
//!
//! Owns the macros that make a rule's type and metadata of its file, and the list of all rules. Must not know any particular
//! rule.

/// Declares a rule: its documentation comment, its type and its [`Metadata`].
macro_rules! declare_rule {
    (
        $(#[doc = $documentation:literal])+
        pub struct $rule:ident {
            name: $name:literal,
            severity: $severity:ident,
            profile: $profile:ident,
            platform: $platform:ident,
            $(not_on: [$($not_on:ident),+ $(,)?],)?
            since: $since:literal,
            why: $why:literal,
            remediation: $remediation:expr,
            $(fix: $fix:ident,)?
            options: [$($option:expr),* $(,)?],
            references: [$($framework:ident($id:literal, $relation:literal)),* $(,)?] $(,)?
        }
    ) => {
        $(#[doc = $documentation])+
        #[derive(Debug)]
        pub struct $rule;

        impl $rule {
            /// What is fixed about this rule.
            pub const METADATA: &'static $crate::rule::Metadata = &$crate::rule::Metadata {
                name: $name,
                severity: $crate::finding::Severity::$severity,
                profile: $crate::rule::Profile::$profile,
                platform: $crate::rule::Platform::$platform,
                not_on: &[$($($crate::rule::LaunchType::$not_on),+)?],
                since: $since,
                why: $why,
                remediation: $remediation,
                fix: $crate::rule::optional!($($crate::finding::Applicability::$fix)?),
                own_options: &[$($option),*],
                references: &[$($crate::rule::Reference {
                    framework: $crate::rule::Framework::$framework,
                    id: $id,
                    relation: $relation,
                }),*],
                documentation: concat!($($documentation, "\n"),+),
            };
        }
    };
}

/// `Some` of an expression, or `None` of nothing.
macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

/// Makes the modules of the rules, and the list of them in the given order.
macro_rules! rules {
    ($($module:ident::$rule:ident),+ $(,)?) => {
        $(pub mod $module;)+

        /// Every rule there is, in the order reports show them.
        pub const ALL: &[&dyn $crate::rule::Rule] = &[$(&$module::$rule),+];
    };
}

pub(crate) use {declare_rule, optional, rules};
