//! A hook's function, as Lambda tells of it: its state, and the policy in its artifact.
//!
//! Owns the download of an artifact. Calls what reads, and nothing else; never repeats a variable of the function's
//! environment but the one that names the policy, nor the address of an artifact, which is as good as a key to it. Must not
//! know what the policy should be.

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
    policy_path: String,
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
    let variables = configuration.and_then(|own| own.environment()).and_then(EnvironmentResponse::variables);
    let named = variables.and_then(|variables: &HashMap<_, _>| variables.get(policy_file::VARIABLE));
    let named = named.map(String::as_str).filter(|path| !path.is_empty());
    let policy_path = named.unwrap_or(policy_file::FILE_NAME).to_owned();
    let artifact = answer.code().and_then(|code| code.location()).map(str::to_owned);
    Ok(Some(Deployed { function, artifact, policy_path }))
}

/// The policy file in a function's artifact; `None`: there is none in it.
///
/// # Errors
/// Why it cannot be had, as a part of a sentence.
pub async fn policy(deployed: Deployed) -> Result<Option<Vec<u8>>, String> {
    let Deployed { artifact, policy_path, .. } = deployed;
    let path = policy_path.strip_prefix(TASK_ROOT).unwrap_or(&policy_path).to_owned();
    if path.starts_with('/') {
        return Err("the function's policy is not in its artifact but in a layer or a file system".into());
    }
    let Some(address) = artifact else { return Err("Lambda names no artifact of the function".into()) };
    let downloaded = tokio::task::spawn_blocking(move || download(&address)).await;
    let artifact = downloaded
        .map_err(|_| "the download was broken off".to_owned())?
        .map_err(|problem| format!("the function's artifact could not be downloaded: {problem}"))?;
    let mut archive =
        ZipArchive::new(Cursor::new(artifact)).map_err(|_| "the function's artifact is no zip file")?;
    let file = match archive.by_name(&path) {
        Ok(file) => file,
        Err(ZipError::FileNotFound) => return Ok(None),
        Err(_) => return Err("the policy file in the function's artifact is damaged".into()),
    };
    let mut policy = Vec::new();
    let read = file.take(MAXIMUM_POLICY).read_to_end(&mut policy);
    read.map_err(|_| "the policy file in the function's artifact is damaged")?;
    Ok(Some(policy))
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
