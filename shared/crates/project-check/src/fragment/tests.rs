use super::*;

fn fragment(language: Language, text: &str) -> Option<ParsedFragment<'_>> {
    ParsedFragment::parse(language, Cow::Borrowed(text), Lines::From(1))
}

#[test]
fn ampersands_in_elements_are_text() {
    for text in [
        "const a = <p>Terms & Conditions &copy; Q&A</p>;",
        "const a = <a href=\"/?a=1&b=2\">x && y</a>;",
    ] {
        for language in [Language::Tsx, Language::JavaScript] {
            assert!(
                !fragment(language, text).unwrap().root().has_error(),
                "{text}"
            );
        }
    }
    let broken = fragment(Language::Tsx, "const a = b & ;").unwrap();
    assert!(broken.root().has_error());
}

#[test]
fn a_node_knows_its_line_and_the_text_as_it_stands() {
    let page = "<p>a\n<a href=\"?a&b\">x</a>\n";
    let page = ParsedFragment::parse(Language::Html, Cow::Borrowed(page), Lines::From(10)).unwrap();
    let mut seen = None;
    page.walk(|node, within| {
        if node.kind() == "attribute_value" {
            let kinds: Vec<_> = within.iter().map(Node::kind).collect();
            assert_eq!(kinds.first(), Some(&"document"));
            assert_eq!(kinds.last(), Some(&"quoted_attribute_value"));
            seen = Some((page.line(node), page.source(node), page.line_text(node)));
        }
        true
    });
    assert_eq!(seen, Some((11, "?a&b", "<a href=\"?a&b\">x</a>")));
    let lines = Lines::Each(vec![7, 9]);
    assert_eq!((lines.line_at(1), lines.line_at(5)), (9, 9));
}

#[test]
fn parse_refuses_too_deep_nesting() {
    let deep = "(".repeat(3000) + "1" + &")".repeat(3000);
    assert!(fragment(Language::Python, &deep).is_none());
    assert!(fragment(Language::JavaScript, &deep).is_none());
    assert!(fragment(Language::Css, "a { }").is_none());
}
