//! A hook's function, as Lambda tells of it: its state, and the policy in its artifact.
//!
//! Owns the download of an artifact. Calls what reads, and nothing else; never repeats a variable of the function's
//! environment but the one that names the policy, nor the address of an artifact, which is as good as a key to it. Must not
//! know what the policy should be.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::types::{Concurrency, EnvironmentResponse};
use ureq::Agent;
use zip::ZipArchive;
use zip::result::ZipError;

use super::failure::reason;
use super::http::Proxy;
use crate::deployed::status::Function;
use crate::https::{self, Problem};
use crate::policy_file;

/// How long a download may take; an artifact has about 3 MB.
const PATIENCE: Duration = Duration::from_mins(1);

/// How many bytes an artifact and a policy may have: what Lambda takes
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>), and far more than a person writes.
const MAXIMUM_ARTIFACT: u64 = 250 << 20;
const MAXIMUM_POLICY: u64 = 4 << 20;

/// Where Lambda puts an artifact
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>).
const TASK_ROOT: &str = "/var/task/";

/// A function, and where its artifact is.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// What is known of it.
    pub function: Function,
    artifact: Option<String>,
    /// Where it looks for its policy; `None`: its variables may not be seen.
    policy_path: Option<String>,
}

/// The function of an ARN; `None`: there is none.
///
/// # Errors
/// Why that cannot be told, as a part of a sentence.
pub async fn get(client: &Client, arn: &str) -> Result<Option<Deployed>, String> {
    let answer = match client.get_function().function_name(arn).send().await {
        Ok(answer) => answer,
        Err(error) => {
            return match error.as_service_error().and_then(|error| error.code()) {
                Some("ResourceNotFoundException") => Ok(None),
                _ => Err(reason("lambda:GetFunction", &error)),
            };
        }
    };
    let reserved_concurrency = answer.concurrency().and_then(Concurrency::reserved_concurrent_executions);
    let configuration = answer.configuration();
    let function = Function {
        version: configuration.and_then(|own| own.version()).map(str::to_owned),
        state: configuration.and_then(|own| own.state()).map(|state| state.as_str().to_owned()),
        last_update: configuration
            .and_then(|own| own.last_update_status())
            .map(|status| status.as_str().to_owned()),
        reserved_concurrency,
    };
    let environment = configuration.and_then(|own| own.environment());
    let is_hidden = environment.is_some_and(|own| own.error().is_some());
    let variables = environment.and_then(EnvironmentResponse::variables);
    let named = variables.and_then(|variables: &HashMap<_, _>| variables.get(policy_file::VARIABLE));
    let named = named.map(String::as_str).filter(|path| !path.is_empty());
    let policy_path = (!is_hidden).then(|| named.unwrap_or(policy_file::FILE_NAME).to_owned());
    let artifact = answer.code().and_then(|code| code.location()).map(str::to_owned);
    Ok(Some(Deployed { function, artifact, policy_path }))
}

/// The policy file in a function's artifact; `None`: there is none in it.
///
/// # Errors
/// Why it cannot be had, as a part of a sentence.
pub async fn policy(deployed: Deployed) -> Result<Option<Vec<u8>>, String> {
    let Deployed { artifact, policy_path, .. } = deployed;
    let Some(policy_path) = policy_path else {
        return Err("the function's variables, of which one names the policy, may not be seen; that takes `kms:Decrypt` on their key".into());
    };
    let Some(path) = path_in_artifact(&policy_path) else {
        return Err("the function's policy is not in its artifact but in a layer or a file system".into());
    };
    let Some(address) = artifact else { return Err("Lambda names no artifact of the function".into()) };
    let downloaded = tokio::task::spawn_blocking(move || download(&address)).await;
    let artifact = downloaded
        .map_err(|_| "the download was broken off".to_owned())?
        .map_err(|problem| format!("the function's artifact could not be downloaded: {problem}"))?;
    let mut archive =
        ZipArchive::new(Cursor::new(artifact)).map_err(|_| "the function's artifact is no zip file")?;
    let is_it = |name: &str| path_in_artifact(name).is_some_and(|name| name == path);
    let name = archive.file_names().flatten().find(|name| is_it(name)).map(Cow::into_owned);
    let Some(name) = name else { return Ok(None) };
    let file = match archive.by_name(&name) {
        Ok(file) => file,
        Err(ZipError::FileNotFound) => return Ok(None),
        Err(_) => return Err("the policy file in the function's artifact is damaged".into()),
    };
    let mut policy = Vec::new();
    let read = file.take(MAXIMUM_POLICY).read_to_end(&mut policy);
    read.map_err(|_| "the policy file in the function's artifact is damaged")?;
    Ok(Some(policy))
}

/// A path of the function's, as it is named in its artifact; `None`: it leads elsewhere.
fn path_in_artifact(path: &str) -> Option<String> {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("{TASK_ROOT}{path}") };
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")).strip_prefix(TASK_ROOT)?.to_owned())
}

/// Downloads from an address that Lambda gave. Only this machine, which is a test's, is asked without TLS.
fn download(address: &str) -> Result<Vec<u8>, Problem> {
    let mut config =
        Agent::config_builder().timeout_global(Some(PATIENCE)).max_redirects(0).proxy(Proxy::try_from_env());
    if !address.starts_with("http://127.0.0.1:") {
        config = config.https_only(true).tls_config(https::tls()?);
    }
    let mut response = config.build().new_agent().get(address).call()?;
    Ok(response.body_mut().with_config().limit(MAXIMUM_ARTIFACT).read_to_vec()?)
}

#[cfg(test)]
mod tests {
    use super::path_in_artifact;

    #[test]
    fn one_file_has_many_paths() {
        for path in [
            "ecs-guard.yaml",
            "./ecs-guard.yaml",
            "/var/task/ecs-guard.yaml",
            "/var/task/../task/ecs-guard.yaml",
            "/var/task//ecs-guard.yaml",
            "a/../ecs-guard.yaml",
        ] {
            assert_eq!(path_in_artifact(path).as_deref(), Some("ecs-guard.yaml"), "{path}");
        }
        assert_eq!(path_in_artifact("policies/a.yaml").as_deref(), Some("policies/a.yaml"));
        for elsewhere in ["/opt/ecs-guard.yaml", "../ecs-guard.yaml", "/var/tasks/a", "/var/task/.."] {
            assert_eq!(path_in_artifact(elsewhere), None, "{elsewhere}");
        }
    }
}
