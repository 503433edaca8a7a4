//! Paths on the machine.
//!
//! Owns how a path is normalized, when it is inside another and when it holds another. Must not know which paths matter.

use crate::document::{Holds, Part, Partial};

/// A path in its shortest spelling, as the kernel reads it but for symbolic links; `None` when it is not absolute.
pub fn normalize(path: &str) -> Option<String> {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.trim().strip_prefix('/')?.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            _ => steps.push(step),
        }
    }
    Some(format!("/{}", steps.join("/")))
}

/// Whether a normalized path is another normalized path, or inside it. Everything is inside `/`, which says nothing, so
/// only `/` itself counts.
pub fn is_inside(path: &str, directory: &str) -> bool {
    path == directory
        || directory != "/" && path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// The same of a path of which not all is known.
pub fn may_be_inside(path: &Partial<'_>, directory: &str) -> Holds {
    if let Some(path) = path.whole() {
        let is_inside = normalize(path).is_some_and(|path| is_inside(&path, directory));
        return if is_inside { Holds::Yes } else { Holds::No };
    }
    let beginning = path.beginning().trim_start();
    if let Some((complete, _)) = beginning.rsplit_once('/')
        && let Some(complete) = normalize(&format!("{complete}/"))
        && is_inside(&complete, directory)
        && directory != "/"
    {
        // What follows could lead out again only by `..`, which nobody gives as a value.
        return Holds::Yes;
    }
    let is_plain = |part: &Part<'_>| match part {
        Part::Known(text) => !text.contains("/.") && !text.contains("//"),
        Part::Plain => true,
        Part::Open => false,
    };
    if !path.parts().iter().all(is_plain) {
        return Holds::Perhaps;
    }
    match (path.matches(directory), path.matches(&format!("{directory}/*"))) {
        (Holds::No, Holds::No) => Holds::No,
        _ => Holds::Perhaps,
    }
}

/// Whether another normalized path is below a path of which not all may be known: a bind mount brings along what is
/// below it.
pub fn may_hold(path: &Partial<'_>, other: &str) -> Holds {
    if let Some(path) = path.whole() {
        let holds =
            normalize(path).is_some_and(|path| path != other && (path == "/" || is_inside(other, &path)));
        return if holds { Holds::Yes } else { Holds::No };
    }
    let holders = other.match_indices('/').map(|(end, _)| other.get(..end).unwrap_or_default());
    let mut holders = holders.filter(|holder| !holder.is_empty());
    if holders.all(|holder| path.matches(holder) == Holds::No) { Holds::No } else { Holds::Perhaps }
}

#[cfg(test)]
mod tests {
    use super::{is_inside, may_be_inside, may_hold, normalize};
    use crate::document::{Holds, Part, Partial};

    #[test]
    fn paths_are_compared_in_their_shortest_spelling() {
        for (path, shortest) in [
            ("/", "/"),
            ("//", "/"),
            ("/etc/", "/etc"),
            ("/var//run/./docker.sock", "/var/run/docker.sock"),
            ("/data/../etc", "/etc"),
            ("/../..", "/"),
            (" /etc ", "/etc"),
        ] {
            assert_eq!(normalize(path).as_deref(), Some(shortest), "{path}");
        }
        for path in ["", "etc", "./etc", "C:\\data"] {
            assert_eq!(normalize(path), None, "{path}");
        }
        assert!(is_inside("/etc/ssl", "/etc") && is_inside("/", "/"));
        assert!(!is_inside("/etcetera", "/etc") && !is_inside("/data", "/"));
    }

    fn path(beginning: &'static str, open: Part<'static>) -> Partial<'static> {
        let mut path = Partial::known(beginning);
        path.push(open);
        path
    }

    #[test]
    fn a_directory_holds_what_is_below_it() {
        for (directory, expected) in [
            ("/var", Holds::Yes),
            ("/var/lib/", Holds::Yes),
            ("/", Holds::Yes),
            ("/var/lib/docker", Holds::No),
            ("/var/lib/docker/volumes", Holds::No),
            ("/va", Holds::No),
            ("var", Holds::No),
        ] {
            assert_eq!(may_hold(&Partial::known(directory), "/var/lib/docker"), expected, "{directory}");
        }
        for (beginning, open, expected) in [
            ("/var", Part::Open, Holds::Perhaps),
            ("/v", Part::Open, Holds::Perhaps),
            ("/data/", Part::Open, Holds::No),
            ("/var/lib/docker", Part::Open, Holds::No),
        ] {
            assert_eq!(may_hold(&path(beginning, open), "/var/lib/docker"), expected, "{beginning}");
        }
    }

    #[test]
    fn a_known_beginning_decides() {
        for (beginning, open, expected) in [
            ("/etc/", Part::Open, Holds::Yes),
            ("/data/../etc/x", Part::Open, Holds::Yes),
            ("/etc", Part::Open, Holds::Perhaps),
            ("/data/", Part::Open, Holds::Perhaps),
            ("/data/", Part::Plain, Holds::No),
            ("/e", Part::Plain, Holds::Perhaps),
            ("//e", Part::Plain, Holds::Perhaps),
            ("/./e", Part::Plain, Holds::Perhaps),
            ("", Part::Open, Holds::Perhaps),
        ] {
            assert_eq!(may_be_inside(&path(beginning, open), "/etc"), expected, "{beginning}");
        }
    }
}
