use std::path::{Component, Path};

use proptest::prelude::*;

use super::*;

#[test]
fn check_accepts_common_paths() {
    for path in [
        "app/page.tsx",
        ".github/workflows/ci.yml",
        ".gitignore",
        ".env.example",
        "app/[slug]/page.tsx",
        "app/(tabs)/_layout.tsx",
        "app/@modal/page.tsx",
        "app/[[...slug]]/page.tsx",
        "tests/__init__.py",
        "public/größe 2.svg",
        "console.ts",
        "com10.txt",
        "git~2",
        ".gitattributes",
    ] {
        assert_eq!(check(path), Ok(()), "{path}");
    }
}

#[test]
fn check_refuses_escaping_and_unportable_paths() {
    let long = "a".repeat(101);
    let longer = format!("{}/b", "a/b".repeat(60));
    for (path, why) in [
        ("", NotAPath::Empty),
        ("/etc/passwd", NotAPath::Empty),
        ("a//b", NotAPath::Empty),
        ("a/", NotAPath::Empty),
        ("../a", NotAPath::Dots),
        ("a/../b", NotAPath::Dots),
        ("./a", NotAPath::Dots),
        ("a\\..\\b", NotAPath::Character),
        ("C:/windows", NotAPath::Character),
        ("file.txt:stream", NotAPath::Character),
        ("a?b", NotAPath::Character),
        ("a\0b", NotAPath::Hidden),
        ("a\nb", NotAPath::Hidden),
        ("a\u{202e}txt.exe", NotAPath::Hidden),
        ("a\u{200d}b", NotAPath::Hidden),
        ("e\u{301}.txt", NotAPath::NotComposed),
        ("a./b", NotAPath::Ending),
        ("a /b", NotAPath::Ending),
        (" a", NotAPath::Ending),
        ("CON", NotAPath::Device),
        ("src/aux.rs", NotAPath::Device),
        ("nul.tar.gz", NotAPath::Device),
        ("lpt9", NotAPath::Device),
        ("COM¹.txt", NotAPath::Device),
        ("conin$", NotAPath::Device),
        (".git/config", NotAPath::Git),
        ("a/.GIT", NotAPath::Git),
        (".git. /hooks", NotAPath::Git),
        (".g\u{200c}it/config", NotAPath::Git),
        (".git::$INDEX_ALLOCATION/x", NotAPath::Git),
        ("GIT~1/config", NotAPath::Git),
        (&long, NotAPath::TooLong),
        (&longer, NotAPath::TooLong),
        ("a/b/c/d/e/f/g/h/i/j/k", NotAPath::TooLong),
    ] {
        assert_eq!(check(path), Err(why), "{path:?}");
    }
}

#[test]
fn paths_equal_on_some_system_collide() {
    let paths = [
        "src/Button.tsx",
        "src/button.tsx",
        "lib",
        "lib/x.ts",
        "app/straße.ts",
        "app/STRASSE.ts",
        "a/b",
        "a",
        "App/other.ts",
        "src/other.tsx",
    ];
    let expected = [
        None,
        Some("src/Button.tsx"),
        None,
        Some("lib"),
        None,
        Some("app/straße.ts"),
        None,
        Some("a/b"),
        Some("app/straße.ts"),
        None,
    ];
    assert_eq!(collisions(&paths), expected);
}

fn any_path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        "[a-zA-Z0-9._-]{1,12}",
        "\\PC{0,6}",
        Just("..".to_owned()),
        Just(".git".to_owned()),
        Just("con".to_owned()),
        Just("\\".to_owned()),
        Just(".git\u{200c}".to_owned()),
    ];
    proptest::collection::vec(segment, 0..6).prop_map(|segments| segments.join("/"))
}

proptest! {
    /// A valid path names one file below the root.
    #[test]
    fn accepted_path_stays_below_root(path in any_path()) {
        if check(&path).is_ok() {
            let root = Path::new("/root/project");
            let joined = root.join(&path);
            prop_assert!(joined.starts_with(root) && joined != root);
            let rest = joined.strip_prefix(root).unwrap();
            prop_assert!(rest.components().all(|part| matches!(part, Component::Normal(_))));
            prop_assert_eq!(rest.components().count(), path.split('/').count());
            prop_assert!(!folded(&path).split('/').any(|name| name == ".git"));
        }
    }

    /// Paths without a collision unpack side by side on every system.
    #[test]
    fn paths_without_collision_unpack_side_by_side(paths in proptest::collection::vec("[abA]{1,2}(/[abA]{1,2}){0,2}", 1..8)) {
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        if collisions(&paths).iter().all(Option::is_none) {
            for (at, one) in paths.iter().enumerate() {
                for other in &paths[at + 1..] {
                    let (one, other) = (folded(one), folded(other));
                    prop_assert_ne!(&one, &other);
                    let under = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
                    prop_assert!(!under(&one, &other) && !under(&other, &one));
                }
            }
        }
    }
}
