//! Credentials: where they come from, and the words for those that cannot be had.
//!
//! Owns the order in which they are looked for, and that they are asked for once for each session. Must not know what they
//! are for. Reads the environment and the files that AWS's own command reads
//! (<https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>).

use std::error::Error;
use std::sync::{Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, SharedCredentialsProvider, future};
use aws_sdk_cloudformation::config::{Region, SharedHttpClient};

use crate::document::on_one_line;

/// Where the credentials come from that a profile has, or without a profile, the environment. A profile that is named is
/// asked alone, where the SDK would let keys in the environment come first, and a machine's own credentials stand in for a
/// profile that has none: what is asked would be another account than the one that is meant.
pub(super) async fn source(
    profile: Option<&str>,
    config: &SdkConfig,
    client: SharedHttpClient,
    region: Option<Region>,
) -> SharedCredentialsProvider {
    let mut own = ProviderConfig::without_region().with_http_client(client).with_region(region.clone());
    if let Some(times) = config.timeout_config() {
        own = own.with_timeout_config(times.clone());
    }
    match profile {
        Some(name) => SharedCredentialsProvider::new(
            ProfileFileCredentialsProvider::builder().configure(&own).profile_name(name).build(),
        ),
        None => SharedCredentialsProvider::new(
            DefaultCredentialsChain::builder().configure(own).region(region).build().await,
        ),
    }
}

/// A source of which one answer is there already. To ask again may mean that a person is asked again.
#[derive(Debug)]
pub(super) struct Asked {
    source: SharedCredentialsProvider,
    first: Mutex<Option<Credentials>>,
}

impl Asked {
    pub(super) fn new(source: SharedCredentialsProvider, first: Credentials) -> Self {
        Self { source, first: Mutex::new(Some(first)) }
    }

    async fn next(&self) -> Result {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        match first {
            Some(credentials) => Ok(credentials),
            None => self.source.provide_credentials().await,
        }
    }
}

impl ProvideCredentials for Asked {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.next())
    }
}

/// Why there are no credentials, and what to do about it.
pub(super) fn problem(profile: Option<&str>, error: &CredentialsError) -> String {
    let said = chain(error);
    let Some(profile) = profile else {
        return match error {
            CredentialsError::CredentialsNotLoaded(_) => {
                "there are none in variables, the default profile, a container or a machine: name a profile with \
                 --aws-profile, or begin with `aws configure`"
                    .into()
            }
            _ => explained("default", &said),
        };
    };
    match error {
        CredentialsError::CredentialsNotLoaded(_) if error.source().is_none() => {
            "there is no such profile, or it says nothing of credentials: `aws configure list-profiles` names those \
             that there are"
                .into()
        }
        _ => explained(profile, &said),
    }
}

/// What the SDK says, in other words where its own are about programs and not about files.
fn explained(profile: &str, said: &str) -> String {
    let export = format!("eval \"$(aws configure export-credentials --profile {profile} --format env)\"");
    if said.contains("was not defined") {
        format!(
            "there is no such profile, or it leads to one that is not there: `aws configure list-profiles` names those that there are ({said})"
        )
    } else if said.contains("credentials-login") {
        format!("those of `aws login` are not read here: put them into the environment with {export}")
    } else if said.contains("external process") {
        // What the process said may hold what it should have kept.
        "the command of `credential_process` gives none: run it, and see what it says".into()
    } else if ["SSO token", "/sso/cache/", "UnauthorizedException"].iter().any(|part| said.contains(part)) {
        format!("nobody is signed on: `aws sso login --profile {profile}`")
    } else if said.contains("(AccessDenied)") {
        format!(
            "AWS refuses the role (AccessDenied). Where it asks for a one-time password, `mfa_serial` is not read here: \
             put credentials into the environment with {export}"
        )
    } else {
        said.to_owned()
    }
}

/// What the SDK says of credentials that it could not get, the innermost reason last. It names profiles, files and
/// variables, and no keys; what a service said beyond the code of an error is left out.
fn chain(error: &dyn Error) -> String {
    const LONGEST: usize = 400;
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let inner = error.to_string();
        if text.ends_with("service error") {
            // The code of the error, and then whatever the service had to say.
            let code = inner.split(": ").next().unwrap_or_default();
            text = format!("{text}: {code}");
            break;
        }
        if !text.contains(&inner) {
            text = format!("{text}: {inner}");
        }
        next = error.source();
    }
    // The SDK indents what it says.
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    on_one_line(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::chain;

    #[test]
    fn what_the_sdk_says_is_one_line_of_plain_text() {
        let said = |text: &str| chain(&io::Error::other(text));
        assert_eq!(said("no profile:\n\tin ~/.aws/config"), "no profile: in ~/.aws/config");
        let long = said(&"é".repeat(300));
        assert!(long.len() <= 404 && long.ends_with("é…") && !long.contains('\u{fffd}'), "{long}");
    }
}
