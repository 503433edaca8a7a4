//! Names of images.
//!
//! Owns the grammar of an image's name: registry, repository, tag and digest, also where not all of it is known. Must not
//! know which registries are trusted.
//!
//! <https://github.com/distribution/reference/blob/main/reference.go>

use crate::document::{Holds, Part, Partial};

/// What decides which image a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// A SHA-256 digest: always the same image.
    Digest,
    /// A digest by another algorithm.
    OtherDigest,
    /// A tag, which can be moved to another image.
    Tag,
    /// The tag `latest`, said or unsaid: whatever is newest.
    Latest,
    /// Not known yet.
    Open,
}

const DIGEST: &str = "@sha256:";

/// What pins an image.
pub fn pin(image: &Partial<'_>) -> Pin {
    let is_whole = image.whole().is_some();
    for (at, part) in image.parts().iter().enumerate() {
        let Part::Known(text) = part else { continue };
        let is_last = at + 1 == image.parts().len();
        match text.split_once(DIGEST) {
            Some((_, digest)) if !digest.is_empty() || !is_last => return Pin::Digest,
            _ if !is_whole && text.contains('@') => return Pin::Open,
            _ => {}
        }
    }
    let of_digest =
        image.whole().and_then(|image| image.rsplit_once('@')).and_then(|(_, digest)| digest.split_once(':'));
    if of_digest.is_some_and(|(algorithm, digest)| !algorithm.is_empty() && !digest.is_empty()) {
        return Pin::OtherDigest;
    }
    let end = image.end();
    let end = end.split_once('@').map_or(end, |(name, _)| name);
    let (last, begins_here) = end.rsplit_once('/').map_or((end, is_whole), |(_, last)| (last, true));
    match last.rsplit_once(':') {
        Some((_, "" | "latest")) => Pin::Latest,
        Some(_) => Pin::Tag,
        None if begins_here => Pin::Latest,
        None => Pin::Open,
    }
}

/// An image's registry and repository. Names without a registry are Docker Hub's, those of one word its own library's.
#[derive(Debug)]
pub struct Repository {
    host: Partial<'static>,
    path: Partial<'static>,
}

impl Repository {
    /// Where an image comes from; `None` when the registry is not known.
    pub fn of(image: &Partial<'_>) -> Option<Self> {
        const DOCKER_HUB: &str = "docker.io";
        let mut host = Partial::default();
        let mut path: Option<Partial<'static>> = None;
        for part in image.parts() {
            match (part, &mut path) {
                (Part::Known(text), None) => match text.split_once('/') {
                    Some((before, after)) => {
                        host.push(Part::Known(before.to_owned().into()));
                        let path = path.insert(Partial::default());
                        if !push_repository(path, after) {
                            break;
                        }
                    }
                    None => host.push(Part::Known(text.clone().into_owned().into())),
                },
                (Part::Known(text), Some(path)) => {
                    if !push_repository(path, text) {
                        break;
                    }
                }
                // It may hold the first slash.
                (Part::Open, None) => return None,
                (Part::Plain, None) => host.push(Part::Plain),
                (Part::Open, Some(path)) => path.push(Part::Open),
                (Part::Plain, Some(path)) => path.push(Part::Plain),
            }
        }
        // A repository has no capital letters, so what has some before the first slash is a host (`splitDockerDomain`).
        let is_of_host =
            |text: &str| text.contains(['.', ':']) || text.bytes().any(|byte| byte.is_ascii_uppercase());
        let is_host = host.parts().iter().any(|part| matches!(part, Part::Known(text) if is_of_host(text)))
            || host.whole() == Some("localhost");
        let docker_hub = || Partial::known(DOCKER_HUB);
        match path {
            Some(path) if is_host => {
                let is_docker_hub = matches!(host.whole(), Some("docker.io" | "index.docker.io"));
                if !is_docker_hub {
                    return Some(Self { host, path });
                }
                let is_short = !path
                    .parts()
                    .iter()
                    .any(|part| !matches!(part, Part::Known(text) if !text.contains('/')));
                Some(Self { host: docker_hub(), path: if is_short { in_library(&path) } else { path } })
            }
            Some(path) => {
                let mut whole = Partial::default();
                whole.push(Part::Known(format!("{}/", host.whole()?).into()));
                path.parts().iter().for_each(|part| whole.push(part.clone()));
                Some(Self { host: docker_hub(), path: whole })
            }
            None => {
                let mut name = Partial::default();
                push_repository(&mut name, host.whole()?);
                Some(Self { host: docker_hub(), path: in_library(&name) })
            }
        }
    }

    /// Whether `pattern` takes it: a registry, or a registry and a repository, where `*` stands for any text on its side of
    /// the first slash.
    pub fn matches(&self, pattern: &str) -> Holds {
        let (host, path) = pattern.split_once('/').unwrap_or((pattern, "*"));
        self.host.matches(host).and(self.path.matches(path))
    }
}

/// Adds what belongs to the repository; `false` when tag or digest begin there.
fn push_repository(path: &mut Partial<'static>, text: &str) -> bool {
    let end = text.find([':', '@']);
    path.push(Part::Known(text.get(..end.unwrap_or(text.len())).unwrap_or_default().to_owned().into()));
    end.is_none()
}

fn in_library(name: &Partial<'static>) -> Partial<'static> {
    let mut path = Partial::known("library/");
    name.parts().iter().for_each(|part| path.push(part.clone()));
    path
}

#[cfg(test)]
mod tests {
    use super::{Pin, Repository, pin};
    use crate::document::{Holds, partial};

    #[test]
    fn what_pins_an_image() {
        for (image, expected) in [
            ("nginx", Pin::Latest),
            ("nginx:latest", Pin::Latest),
            ("nginx:1.29", Pin::Tag),
            ("registry.example:5000/nginx", Pin::Latest),
            ("registry.example:5000/nginx:1", Pin::Tag),
            ("nginx@sha256:0123", Pin::Digest),
            ("nginx:1.29@sha256:0123", Pin::Digest),
            ("nginx@sha512:0123", Pin::OtherDigest),
            ("nginx@sha256:", Pin::Latest),
            ("nginx@sha512:", Pin::Latest),
            ("nginx@:0123", Pin::Latest),
            ("?", Pin::Open),
            ("?:latest", Pin::Latest),
            ("?:1.29", Pin::Tag),
            ("?/nginx", Pin::Latest),
            ("?-nginx", Pin::Open),
            ("~.dkr.ecr.~.amazonaws.com/app:?", Pin::Open),
            ("?@sha256:0123", Pin::Digest),
            ("app@sha256:?", Pin::Digest),
            ("app@?", Pin::Open),
            ("app@?:0123", Pin::Open),
            ("app:?", Pin::Open),
        ] {
            assert_eq!(pin(&partial(image)), expected, "{image}");
        }
    }

    #[test]
    fn where_an_image_comes_from() {
        for (image, pattern, expected) in [
            ("nginx", "docker.io/library/*", Holds::Yes),
            ("nginx:1", "docker.io/library/nginx", Holds::Yes),
            ("docker.io/nginx", "docker.io/library/nginx", Holds::Yes),
            ("index.docker.io/bitnami/redis@sha256:0", "docker.io/bitnami/*", Holds::Yes),
            ("bitnami/redis:7", "docker.io/library/*", Holds::No),
            ("bitnami/redis:7", "docker.io", Holds::Yes),
            ("public.ecr.aws/x/y:1", "public.ecr.aws/x/*", Holds::Yes),
            ("localhost/x", "docker.io", Holds::No),
            ("registry.example:5000/x", "registry.example:5000", Holds::Yes),
            ("1.dkr.ecr.eu.amazonaws.com/app", "1.dkr.ecr.*.amazonaws.com", Holds::Yes),
            ("evil.example/1.dkr.ecr.eu.amazonaws.com/app", "1.dkr.ecr.*.amazonaws.com/*", Holds::No),
            ("1.dkr.ecr.evil.example/x.amazonaws.com/app", "1.dkr.ecr.*.amazonaws.com/*", Holds::No),
            ("~.dkr.ecr.~.amazonaws.com/app:?", "*.dkr.ecr.*.amazonaws.com", Holds::Yes),
            ("~.dkr.ecr.~.amazonaws.com/app:?", "*.dkr.ecr.*.amazonaws.com/app", Holds::Yes),
            ("~.dkr.ecr.~.amazonaws.com/app:?", "1.dkr.ecr.*.amazonaws.com", Holds::Perhaps),
            ("~.dkr.ecr.~.amazonaws.com/?", "docker.io", Holds::No),
            ("public.ecr.aws/?/app:?", "public.ecr.aws/*/app", Holds::Yes),
            ("public.ecr.aws/?", "public.ecr.aws/x/*", Holds::Perhaps),
        ] {
            let repository = Repository::of(&partial(image)).unwrap();
            assert_eq!(repository.matches(pattern), expected, "{image} {pattern}");
        }
        for image in ["?", "?/app", "~/app", "ngin?"] {
            assert!(Repository::of(&partial(image)).is_none(), "{image}");
        }
    }
}
