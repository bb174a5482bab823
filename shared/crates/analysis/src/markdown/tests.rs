use eventrelay_core::video::Window;
use proptest::prelude::*;
use pulldown_cmark::{Event as Md, Options, Parser, Tag, TagEnd};

use super::super::{assemble, samples};
use super::*;

const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_MATH);

/// Texts with an effect in Markdown, HTML or on GitHub.
const HOSTILE: [&str; 34] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt; &#60;i&#62;",
    "[click](javascript:alert(1))",
    "![image](https://evil.example/pixel.png)",
    "[reference]: https://evil.example \"title\"",
    "[reference]",
    "<https://evil.example>",
    "https://evil.example and www.evil.example",
    "mail@evil.example @everyone",
    "a | b | c",
    "\\| \\\\| \\",
    "# heading",
    "## heading ##",
    "- item",
    "+ item",
    "* item",
    "1. item",
    "12) item",
    "> quote",
    "=====",
    "---",
    "***",
    "```\nfence",
    "~~~\nfence",
    "`` code ``",
    "**bold** __bold__ ~~gone~~",
    "[x] done",
    "[^1] [^1]: note",
    "$x$ $$y$$",
    "line\n\n# heading\n\n<b>",
    "tab\tand\u{85}and\u{2028}and\u{a0}",
    "    indented",
    "ends in a backslash\\",
];

fn inert(text: &str) -> Analysis {
    let mut analysis = assemble(samples::draft(), samples::facts()).unwrap();
    let set = |field: &mut String| *field = text.to_owned();
    analysis.video.channel = Some(text.to_owned());
    set(&mut analysis.video.title);
    set(&mut analysis.language);
    set(&mut analysis.provenance.model);
    set(&mut analysis.provenance.analyzed_at);
    analysis.refused = vec![Refused {
        part: text.to_owned(),
        at_s: -1e300,
        reason: RefusalReason::NotATime,
        line: Some(7),
        detail: Some(text.to_owned()),
    }];
    let content = &mut analysis.content;
    set(&mut content.summary);
    set(&mut content.key_concepts[0].name);
    set(&mut content.key_concepts[0].explanation);
    content
        .chapters
        .iter_mut()
        .for_each(|c| (set(&mut c.title), set(&mut c.summary)).0);
    set(&mut content.transcript[0].text);
    content.transcript[0].speaker = Some(text.to_owned());
    set(&mut content.events[0].title);
    set(&mut content.events[0].description);
    set(&mut content.actions[0].title);
    set(&mut content.actions[0].description);
    for list in [
        &mut content.technologies,
        &mut content.prerequisites,
        &mut content.learning_path,
        &mut content.related_topics,
    ] {
        list.iter_mut().for_each(set);
    }
    let plan = content.build_plan.as_mut().unwrap();
    set(&mut plan.title);
    set(&mut plan.project_type);
    set(&mut plan.summary);
    plan.technologies.iter_mut().for_each(set);
    set(&mut plan.steps[0].action);
    set(&mut plan.steps[0].description);
    plan.steps[0].target_file = Some(text.to_owned());
    set(&mut content.visual_elements[0].content);
    let shown = VisualElement {
        kind: VisualKind::Text,
        ..content.visual_elements[0].clone()
    };
    content.visual_elements.push(shown);
    analysis
}

/// Structure of a parsed document without its words.
#[derive(Debug, Default, PartialEq)]
struct Shape {
    blocks: Vec<String>,
    links: Vec<String>,
}

fn shape(markdown: &str) -> Shape {
    let mut shape = Shape::default();
    for event in Parser::new_ext(markdown, OPTIONS) {
        match event {
            Md::Start(Tag::Link { dest_url, .. }) => shape.links.push(dest_url.into_string()),
            // The number of lines belongs to the text, not to the structure.
            Md::Start(Tag::Paragraph) | Md::End(TagEnd::Paragraph) => {}
            Md::Start(tag) => shape.blocks.push(format!("{tag:?}")),
            Md::Html(_)
            | Md::InlineHtml(_)
            | Md::Code(_)
            | Md::InlineMath(_)
            | Md::DisplayMath(_)
            | Md::FootnoteReference(_)
            | Md::Rule => {
                shape.blocks.push(format!("unwanted {event:?}"));
            }
            Md::HardBreak | Md::TaskListMarker(_) => shape.blocks.push(format!("{event:?}")),
            Md::End(_) | Md::Text(_) | Md::SoftBreak => {}
        }
    }
    shape
}

/// Removes code, in which markup has no effect, from a document.
fn without_code(markdown: &str) -> String {
    let mut left = markdown.to_owned();
    let parser = Parser::new_ext(markdown, OPTIONS).into_offset_iter();
    let mut code: Vec<_> = parser
        .filter(|(event, _)| matches!(event, Md::Start(Tag::CodeBlock(_))))
        .map(|(_, range)| range)
        .collect();
    code.reverse();
    code.into_iter()
        .for_each(|range| left.replace_range(range, ""));
    left
}

fn assert_inert(text: &str) {
    let markdown = render(&inert(text));
    let expected = shape(&render(&inert("word")));
    assert_eq!(shape(&markdown), expected, "{text:?} in\n{markdown}");
    assert!(!without_code(&markdown).contains('<'), "{markdown}");
}

#[test]
fn a_whole_analysis_of_a_youtube_video() {
    insta::assert_snapshot!(render(
        &assemble(samples::draft(), samples::facts()).unwrap()
    ));
}

#[test]
fn result_of_a_stand_in_says_so_before_anything_else() {
    let real = assemble(samples::draft(), samples::facts()).unwrap();
    assert!(!render(&real).contains("No AI model was asked"));
    let facts = Facts {
        model: "stand-in".to_owned(),
        ..samples::facts()
    };
    let page = render(&assemble(samples::draft(), facts).unwrap());
    let note = page.lines().nth(2).unwrap();
    assert!(note.starts_with("> **No AI model was asked.**"), "{page}");
    assert!(note.contains("GEMINI_API_KEY"), "{note}");
}

#[test]
fn a_part_of_an_upload() {
    let facts = Facts {
        key: format!("up:{}", "ab".repeat(32)).parse().unwrap(),
        channel: None,
        duration_s: Some(4000.0),
        window: Some(Window {
            start_s: 0.0,
            end_s: Some(3661.5),
        }),
        ..samples::facts()
    };
    let content = Content {
        summary: "One.\n\nTwo.".into(),
        ..Content::default()
    };
    let mut draft = Draft {
        content,
        ..Draft::default()
    };
    draft.content.events = samples::draft().content.events;
    let late = Event {
        at_s: 5000.0,
        ..draft.content.events[0].clone()
    };
    draft.content.events.push(late);
    insta::assert_snapshot!(render(&assemble(draft, facts).unwrap()));
}

#[test]
fn a_hostile_text_changes_nothing_but_the_words() {
    HOSTILE.iter().for_each(|text| assert_inert(text));
    insta::assert_snapshot!(HOSTILE.map(|text| format!("- {}", inline(text))).join("\n"));
}

#[test]
fn a_fence_is_longer_than_any_in_the_code() {
    for code in ["", "`", "```\n<b>\n```", "a ```````` b", "~~~\n```"] {
        let markdown = code_block(code);
        let events: Vec<_> = Parser::new(&markdown).collect();
        let texts = events.iter().filter_map(|event| match event {
            Md::Text(text) => Some(&**text),
            _ => None,
        });
        assert_eq!(texts.collect::<String>(), format!("{code}\n"));
        assert!(matches!(events[0], Md::Start(Tag::CodeBlock(_))));
        assert!(matches!(
            events[events.len() - 1],
            Md::End(TagEnd::CodeBlock)
        ));
    }
}

#[test]
fn rendered_text_keeps_its_words() {
    for text in HOSTILE {
        let html_free = format!("- {}\n", inline(text));
        let shown: String = Parser::new_ext(&html_free, OPTIONS)
            .filter_map(|event| match event {
                Md::Text(text) => Some(text.into_string()),
                _ => None,
            })
            .collect();
        let words: Vec<_> = text.split_whitespace().collect();
        assert_eq!(
            shown.replace('\u{a0}', " ").trim(),
            words.join(" "),
            "{html_free}"
        );
    }
}

#[test]
fn times_are_written_as_players_do() {
    for (at_s, text) in [
        (0.0, "00:00"),
        (59.999, "00:59"),
        (60.0, "01:00"),
        (3599.0, "59:59"),
        (3661.0, "1:01:01"),
        (f64::NAN, "00:00"),
        (-1.0, "00:00"),
    ] {
        assert_eq!(clock(at_s), text);
    }
}

proptest! {
    #[test]
    fn rendered_text_is_inert(
        pieces in proptest::collection::vec(prop_oneof![
            proptest::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned),
            "[\\\\`*_{}\\[\\]()#+.!|~<>&:;@$=/\"'a1 \n-]{1,12}",
            "\\PC{1,6}",
        ], 1..5)
    ) {
        let text = pieces.concat();
        prop_assume!(!inline(&text).is_empty());
        assert_inert(&text);
    }
}
