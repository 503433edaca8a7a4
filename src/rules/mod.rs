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
    host_network_mode::HostNetworkMode,
    host_network_root_user::HostNetworkRootUser,
    host_pid_mode::HostPidMode,
    host_ipc_mode::HostIpcMode,
    plaintext_secret::PlaintextSecret,
    unencrypted_efs_volume::UnencryptedEfsVolume,
    sensitive_host_path::SensitiveHostPath,
    host_device::HostDevice,
    unconfined_security_options::UnconfinedSecurityOptions,
    unsafe_sysctl::UnsafeSysctl,
    missing_log_configuration::MissingLogConfiguration,
    unlimited_memory::UnlimitedMemory,
    windows_administrator_user::WindowsAdministratorUser,
    privilege_escalation::PrivilegeEscalation,
    retained_linux_capabilities::RetainedLinuxCapabilities,
    mutable_image::MutableImage,
    untrusted_registry::UntrustedRegistry,
    shared_task_role::SharedTaskRole,
    missing_health_check::MissingHealthCheck,
    interactive_container::InteractiveContainer,
    fault_injection_enabled::FaultInjectionEnabled,
    bridge_network_mode::BridgeNetworkMode,
}
