//! Tests of templates with hostile plans.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

use super::*;

const TEXTS: [&str; 16] = [
    "\"; require('child_process').exec('id'); \"",
    "</script><script>alert(1)</script>",
    "${process.env} `id` $(id)",
    "ends in a backslash\\",
    "\\\", \"scripts\": {\"preinstall\": \"id\"}, \"x\": \"",
    "\"\nbuild-backend = \"evil\"\n[project]\nx = \"",
    "'''\"\"\"",
    "line\u{2028}separator\u{85}and\u{0}nul\u{1b}[31m",
    "{{ project.name }} {% raw %} {# #}",
    "${{ secrets.GITHUB_TOKEN }}",
    "[click](javascript:alert(1)) ![image](https://evil.example/pixel.png)",
    "a | b |\n| c | @everyone https://evil.example",
    "```\n# heading\n<b>bold</b>",
    "\u{202e}reversed\u{202c} \u{feff}",
    "# \u{1f600} ---",
    "",
];

fn said(framework: Framework, text: &str) -> (Plan, Facts) {
    let mut plan = plan(framework);
    let set = |field: &mut String| text.clone_into(field);
    set(&mut plan.title);
    set(&mut plan.summary);
    set(&mut plan.name);
    plan.files
        .iter_mut()
        .for_each(|file| set(&mut file.purpose));
    set(&mut plan.files[1].path);
    plan.files[0].sources[0].start_s = f64::NAN;
    plan.files[0].sources[1].start_s = -1e300;
    plan.dependencies = vec![
        dependency(text, Some(text), false),
        dependency("named", Some(text), true),
    ];
    let facts = Facts {
        video_title: text.to_owned(),
        ..facts()
    };
    (plan, facts)
}

/// Structure of a Markdown page without its words.
#[derive(Default)]
struct Page {
    links: Vec<String>,
    /// Number of headings, cells and blocks of code.
    parts: usize,
    /// True if the page has an active element that the template did not intend.
    acts: bool,
}

impl Page {
    fn new(markdown: &str) -> Self {
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH;
        let mut page = Self::default();
        for event in Parser::new_ext(markdown, options) {
            match event {
                Event::Start(Tag::Link { dest_url, .. }) => page.links.push(dest_url.to_string()),
                Event::Start(Tag::Heading { .. } | Tag::TableCell | Tag::CodeBlock(_)) => {
                    page.parts += 1;
                }
                Event::Start(Tag::Image { .. } | Tag::HtmlBlock | Tag::List(_) | Tag::Strong)
                | Event::Html(_)
                | Event::InlineHtml(_)
                | Event::InlineMath(_)
                | Event::DisplayMath(_)
                | Event::Code(_)
                | Event::Rule => page.acts = true,
                _ => {}
            }
        }
        page
    }
}

/// Text between the first quote after a word and the last quote of its line.
fn literal(text: &str, word: &str) -> String {
    let line = text.split_once(word).unwrap().1.lines().next().unwrap();
    let quoted = &line[line.find('"').unwrap()..=line.rfind('"').unwrap()];
    serde_json::from_str(quoted).unwrap()
}

/// Asserts that a plan's text stays inert in the files.
fn is_harmless(framework: Framework, said_text: &str) {
    let (plan, facts) = said(framework, said_text);
    let files = render(&plan, &facts);
    let usual = render(&super::plan(framework), &super::facts());
    assert_eq!(files.len(), usual.len());
    for (file, usual) in files.iter().zip(&usual) {
        let written = text(&files, &file.path);
        assert!(
            parses(&file.path, written),
            "{} of {said_text:?}",
            file.path
        );
        let shown = |c: char| c == '\n' || !c.is_control();
        assert!(written.chars().all(shown), "{} of {said_text:?}", file.path);
        match Language::of_path(&file.path) {
            // These files contain no text of the plan.
            Language::Yaml | Language::Python | Language::Css | Language::TypeScript => {
                assert_eq!(file.content, usual.content, "{}", file.path);
            }
            Language::Tsx => {
                let usual = std::str::from_utf8(&usual.content).unwrap();
                assert_eq!(written.lines().count(), usual.lines().count());
                assert_eq!(literal(written, "title: "), title_of(&plan));
            }
            Language::Markdown => {
                let usual = Page::new(std::str::from_utf8(&usual.content).unwrap());
                let page = Page::new(written);
                assert!(!page.acts && page.parts == usual.parts, "{written}");
                let ours = |link: &String| {
                    link.starts_with("https://youtu.be/jNQXAC9IVRw") || !link.contains(':')
                };
                assert!(page.links.iter().all(ours), "{:?}", page.links);
            }
            _ => {}
        }
    }
    let title = title_of(&plan);
    match framework {
        Framework::Expo => assert_eq!(json(&files, "app.json")["expo"]["name"], title),
        Framework::NextJs => {
            let manifest = json(&files, "package.json");
            let usual = json(&usual, "package.json");
            assert_eq!(manifest["scripts"], usual["scripts"]);
            let keys = |value: &serde_json::Value| {
                let fields = value.as_object().unwrap();
                fields.keys().cloned().collect::<Vec<_>>()
            };
            assert_eq!(keys(&manifest), keys(&usual));
        }
        Framework::FastApi => {
            let (manifest, usual) = (
                toml(&files, "pyproject.toml"),
                toml(&usual, "pyproject.toml"),
            );
            assert_eq!(manifest["build-system"], usual["build-system"]);
            assert_eq!(manifest["tool"], usual["tool"]);
            for line in text(&files, "requirements.txt").lines().skip(1) {
                assert!(
                    !line.starts_with('-') && !line.contains(['@', ' ', '/']),
                    "{line}"
                );
            }
        }
        Framework::Rust => {
            let manifest = toml(&files, "Cargo.toml");
            let keys: Vec<_> = manifest.keys().map(String::as_str).collect();
            assert_eq!(keys, ["dependencies", "dev-dependencies", "package"]);
        }
        _ => {}
    }
}

#[test]
fn hostile_texts_are_inert() {
    for text in TEXTS {
        for &framework in Framework::ALL {
            is_harmless(framework, text);
        }
    }
}

#[test]
fn readme_of_upload_has_no_links() {
    for url in [
        None,
        Some("https://evil.example/watch?v=jNQXAC9IVRw".to_owned()),
    ] {
        let facts = Facts {
            video_url: url,
            ..facts()
        };
        let files = render(&plan(Framework::Static), &facts);
        let readme = text(&files, "README.md");
        assert!(readme.contains("| 01:23, 1:02:05 |"), "{readme}");
        assert!(!readme.contains("://"), "{readme}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_inert(
        text in prop_oneof![any::<String>(), "[\\\\\"'`|<>\\[\\](){}#$@:/.!*_~\n\r a-z0-9-]{0,60}"],
        which in 0..Framework::ALL.len(),
    ) {
        is_harmless(Framework::ALL[which], &text);
    }
}
