//! Writes the templates that command lines are measured on, and a manifest of what every tool has to find in them.
//! The same files every time: nothing here is random.
//!
//! In reading order: [`content`] (what stands in a template), [`yaml`] (how YAML spells it). This module owns which
//! inputs there are, their files and the manifest.

mod content;
mod yaml;

use std::error::Error;
use std::path::Path;

use content::{Content, Expected, Faults};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Value, json};

#[derive(Clone, Copy)]
enum Format {
    Json,
    Yaml,
}

impl Format {
    const ALL: [Self; 2] = [Self::Json, Self::Yaml];

    fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
        }
    }

    fn text(self, document: &Value) -> Result<Vec<u8>, Box<dyn Error>> {
        match self {
            Self::Json => {
                let mut text = Vec::new();
                // One space, as the AWS CDK writes its templates.
                let mut serializer =
                    Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b" "));
                document.serialize(&mut serializer)?;
                text.push(b'\n');
                Ok(text)
            }
            Self::Yaml => Ok(yaml::text(document).into_bytes()),
        }
    }
}

/// One thing that commands are pointed at: a file, or a directory of files.
struct Input {
    path: String,
    files: Vec<(String, Vec<u8>)>,
    expected: Expected,
}

impl Input {
    fn directory(path: String) -> Self {
        Self { path, files: Vec::new(), expected: Expected::default() }
    }

    fn file(path: String, format: Format, content: &Content) -> Result<Self, Box<dyn Error>> {
        let text = format.text(&content.document)?;
        Ok(Self { files: vec![(path.clone(), text)], path, expected: content.expected })
    }

    fn add(&mut self, name: &str, format: Format, content: &Content) -> Result<(), Box<dyn Error>> {
        let path = format!("{}/{name}.{}", self.path, format.extension());
        self.files.push((path, format.text(&content.document)?));
        self.expected += content.expected;
        Ok(())
    }

    /// Writes the files and gives the line of the manifest.
    fn write(self, root: &Path) -> Result<Value, Box<dyn Error>> {
        for (path, text) in &self.files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(root))?;
            std::fs::write(path, text)?;
        }
        let lengths = || self.files.iter().map(|(_, text)| text.len());
        Ok(json!({
            "path": self.path,
            "files": self.files.len(),
            "bytes": lengths().sum::<usize>(),
            "largest": lengths().max(),
            "task_definitions": self.expected.task_definitions,
            "findings": self.expected.findings,
            "failing_rules": self.expected.failing_rules,
            "open_volumes": self.expected.open_volumes,
        }))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = std::env::args_os().nth(1).ok_or("usage: templates DIRECTORY")?;
    let root = Path::new(&root);
    let mut manifest = Vec::new();

    for format in Format::ALL {
        let content = content::small(3);
        manifest.push(Input::file(format!("small.{}", format.extension()), format, &content)?.write(root)?);
    }
    for count in [100, 1000] {
        let mut input = Input::directory(format!("small-{count}"));
        for number in 0..count {
            let format = Format::ALL[number % 2];
            input.add(&format!("team-{}/service-{number}", number / 40), format, &content::small(number))?;
        }
        manifest.push(input.write(root)?);
    }
    for format in Format::ALL {
        let extension = format.extension();
        for tasks in [250, 500, 1000, 2000] {
            let content = content::large(tasks, Faults::Mixed);
            manifest.push(Input::file(format!("tasks-{tasks}.{extension}"), format, &content)?.write(root)?);
        }
        for percent in [0, 25, 50, 100] {
            let content = content::large(1000, Faults::All { percent });
            let path = format!("failing-{percent}-percent.{extension}");
            manifest.push(Input::file(path, format, &content)?.write(root)?);
        }
        let content = content::dense(20_000);
        manifest.push(Input::file(format!("dense.{extension}"), format, &content)?.write(root)?);
    }
    let mut input = Input::directory("large-8".to_owned());
    for number in 0..8 {
        let content = content::large(1000, Faults::Mixed);
        input.add(&format!("platform-{number}"), Format::ALL[number % 2], &content)?;
    }
    manifest.push(input.write(root)?);

    std::fs::write(root.join("manifest.json"), serde_json::to_vec_pretty(&manifest)?)?;
    Ok(())
}
