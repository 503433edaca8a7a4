//! The catalogue: every rule, one file each.
//!
//! Owns the list. A new rule is one file and one line here; its documentation, its examples, its options and
//! its tests are in its file, and everything else derives from them. Must not know policies or adapters.

#[cfg(test)]
mod tests;

crate::rule::rules! {
    privileged_container::PrivilegedContainer,
    writable_root_filesystem::WritableRootFilesystem,
    root_user::RootUser,
    added_linux_capabilities::AddedLinuxCapabilities,
    blocking_awslogs::BlockingAwslogs,
}
