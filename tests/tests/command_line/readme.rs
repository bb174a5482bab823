//! The commands of the README and of the operations manual, as a person copies them.

use std::path::Path;

use eventrelay_standins::{Running, gemini, youtube};
use eventrelay_tests::repository;

/// A command of a document that begins with `cargo local`.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    /// As it stands there.
    pub(crate) line: String,
    environment: Vec<String>,
    words: Vec<String>,
}

/// A command with a data folder of its own.
pub(crate) struct Prepared {
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) runs_until_stopped: bool,
}

/// Services for a command that is given a key.
pub(crate) struct Upstreams {
    gemini: Running,
    youtube: Running,
}

impl Upstreams {
    pub(crate) async fn start() -> Self {
        Self {
            gemini: gemini::start(0).await.unwrap(),
            youtube: youtube::start(0).await.unwrap(),
        }
    }

    /// Base URL of Gemini, whose control surface plans faults.
    pub(crate) fn gemini(&self) -> &str {
        &self.gemini.base_url
    }

    /// Variables with which `cargo local` takes them for the real services.
    pub(crate) fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("GEMINI_API_KEY", "a-key".to_owned()),
            ("GEMINI_BASE_URL", self.gemini.base_url.clone()),
            ("YOUTUBE_BASE_URL", self.youtube.base_url.clone()),
            ("YOUTUBE_OEMBED_BASE_URL", self.youtube.base_url.clone()),
        ]
    }
}

/// The lines of the shell blocks of a document, those that end in a backslash joined.
pub(crate) fn shell_lines(document: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(repository("").join(document)).unwrap();
    let mut lines = Vec::new();
    let mut is_shell = false;
    let mut pending = String::new();
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            is_shell = language == "sh" || language == "bash";
            continue;
        }
        if !is_shell {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(begun) => pending.push_str(begun),
            None => lines.push(std::mem::take(&mut pending) + line),
        }
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

/// The part of a line that a shell expands: outside quotes, without comments.
pub(crate) fn outside_quotes(line: &str) -> String {
    let mut quote = None;
    let mut outside = String::new();
    for char in line.chars() {
        match (quote, char) {
            (None, '\'' | '"') => quote = Some(char),
            (Some(open), _) if open == char => quote = None,
            (Some(_), _) => {}
            (None, '#') => break,
            (None, _) => outside.push(char),
        }
    }
    outside
}

/// Splits a line as a shell does.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for char in line.chars() {
        match (quote, char) {
            (None, '\'' | '"') => quote = Some(char),
            (Some(open), _) if open == char => quote = None,
            (None, '#') => break,
            (None, ' ') => words.push(String::new()),
            (_, _) => words.last_mut().unwrap().push(char),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Every command of the documents that begins with `cargo local`, variables before it included.
pub(crate) fn commands() -> Vec<Command> {
    let commands: Vec<_> = ["README.md", "infra/README.md"]
        .into_iter()
        .flat_map(|document| shell_lines(Path::new(document)))
        .filter_map(|line| {
            let mut words = words(&line);
            let start = words.windows(2).position(|two| two == ["cargo", "local"])?;
            let environment: Vec<String> = words.drain(..start).collect();
            assert!(environment.iter().all(|word| word.contains('=')), "{line}");
            words.drain(..2);
            Some(Command {
                line,
                environment,
                words,
            })
        })
        .collect();
    assert!(commands.len() >= 4, "{commands:?}");
    commands
}

impl Command {
    /// Returns whether the command is this subcommand.
    pub(crate) fn is(&self, subcommand: &str) -> bool {
        self.words.iter().any(|word| word == subcommand)
    }

    /// The command with what makes it independent of other runs: a data folder, free ports, the
    /// functions as they are built, and files in `folder`.
    pub(crate) fn prepared(&self, folder: &Path, upstreams: &Upstreams) -> Prepared {
        let inside = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let data = inside("data");
        let mut arguments: Vec<String> = ["--no-build", "--data", &data, "--port", "0"]
            .map(str::to_owned)
            .to_vec();
        let mut words = self.words.iter().peekable();
        while let Some(word) = words.next() {
            arguments.push(word.clone());
            if ["--checkout", "--archive", "--out"].contains(&word.as_str()) {
                let value = words.next().expect("a value");
                arguments.push(inside(value));
            }
        }
        let environment = if self
            .environment
            .iter()
            .any(|set| set.starts_with("GEMINI_API_KEY"))
        {
            upstreams
                .variables()
                .map(|(name, value)| (name.to_owned(), value))
                .to_vec()
        } else {
            Vec::new()
        };
        let subcommands = ["analyze", "build", "sam", "key"];
        let subcommand = self
            .words
            .iter()
            .find(|word| subcommands.contains(&word.as_str()));
        let subcommand = subcommand.map(String::as_str);
        if subcommand == Some("sam") {
            // `sam build` is not run here; what it reads has the shape of what it writes.
            let more = [
                "--template",
                "template.yaml",
                "--address",
                "127.0.0.1",
                "--out",
            ];
            arguments.extend(more.map(str::to_owned));
            arguments.push(inside("template.json"));
        }
        let is_help = self.words.iter().any(|word| word == "--help");
        Prepared {
            arguments,
            environment,
            runs_until_stopped: !is_help && matches!(subcommand, None | Some("sam")),
        }
    }
}

#[test]
fn command_lines_split_like_a_shell() {
    assert_eq!(
        words("A=1 cargo local analyze 'a b?c' --x \"d\" # comment"),
        ["A=1", "cargo", "local", "analyze", "a b?c", "--x", "d"]
    );
    assert_eq!(outside_quotes("a 'b?' c # d?"), "a  c ");
}
