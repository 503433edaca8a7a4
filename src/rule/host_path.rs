//! Paths on the machine.
//!
//! Owns how a path is normalized and when it is inside another. Must not know which paths matter.

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

#[cfg(test)]
mod tests {
    use super::{is_inside, may_be_inside, normalize};
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

    #[test]
    fn a_known_beginning_decides() {
        let path = |beginning: &'static str, open: Part<'static>| {
            let mut path = Partial::known(beginning);
            path.push(open);
            path
        };
        for (beginning, open, expected) in [
            ("/etc/", Part::Open, Holds::Yes),
            ("/data/../etc/x", Part::Open, Holds::Yes),
            ("/etc", Part::Open, Holds::Perhaps),
            ("/data/", Part::Open, Holds::Perhaps),
            ("/data/", Part::Plain, Holds::No),
            ("/e", Part::Plain, Holds::Perhaps),
            ("", Part::Open, Holds::Perhaps),
        ] {
            assert_eq!(may_be_inside(&path(beginning, open), "/etc"), expected, "{beginning}");
        }
    }
}
