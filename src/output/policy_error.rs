//! A broken policy file, with the places that are wrong.
//!
//! Owns the picture; must not know what makes a policy wrong.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::policy_file::Error;

/// Every problem with its line and a mark under the place.
pub fn render(error: &Error) -> String {
    let (path, text, problems) = match error {
        Error::Unreadable(..) => return format!("error: the policy {error}\n"),
        Error::Wrong(path, text, problems) => (path.display().to_string(), text, problems),
    };
    let mut rendered = String::new();
    for problem in &problems.0 {
        let (start, end) = (problem.span.start() as usize, problem.span.end() as usize);
        // A place between two characters is shown as the character behind it.
        let end = if end > start { end } else { text.ceil_char_boundary((start + 1).min(text.len())) };
        let mark = AnnotationKind::Primary.span(start.min(end)..end);
        let snippet = Snippet::source(text.as_str()).path(&path).annotation(mark);
        let mut group = Level::ERROR.primary_title(&problem.message).element(snippet);
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help));
        }
        rendered += &Renderer::styled().render(&[group]);
        rendered += "\n\n";
    }
    rendered
}
