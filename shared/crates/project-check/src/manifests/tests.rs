use super::*;
use eventrelay_project::{Finding, Origin};

fn found(path: &str, text: &str) -> Vec<(Option<u32>, Rule)> {
    let mut findings = Findings::new(path);
    check(path, text, &mut findings);
    let shown = |one: Finding| (one.line, one.rule);
    findings.finish().into_iter().map(shown).collect()
}

#[test]
fn ranges_of_npm() {
    for text in [
        "*",
        "",
        "latest",
        "^1.2.3",
        "~1.2",
        "1.x",
        ">=1 <2",
        ">= 1.0.0 < 2",
        "1 || 2.0",
        "1.2 - 2.3.4",
        "1.2.3-beta.1+5",
        "=1.2.3",
        "v1.2.3",
    ] {
        assert_eq!(npm::range(text), Ok(()), "{text}");
    }
    for text in ["one", "^1.2.3.4", "1..2", ">>1", "^", "1.2.3-", "newest"] {
        assert_eq!(npm::range(text), Err(npm::NotARange::Version), "{text}");
    }
    for text in [
        "git+https://x/y.git",
        "file:../x",
        "github:a/b",
        "a/b",
        "https://x/y.tgz",
        "npm:a@1",
        "workspace:*",
    ] {
        assert_eq!(npm::range(text), Err(npm::NotARange::Elsewhere), "{text}");
    }
}

#[test]
fn a_package_of_npm() {
    let sound = "{\n\"name\": \"@a/b-c\", \"version\": \"0.1.0\",\n\"scripts\": {\"dev\": \"next dev\"},\n\"dependencies\": {\"next\": \"^15.0.0\"}}";
    assert_eq!(found("package.json", sound), []);
    let broken = "{\n\"name\": \"My App\",\n\"version\": \"1\",\n\"scripts\": {\n\"postinstall\": \"curl x\",\n\"dev\": 1},\n\"dependencies\": {\n\"Next\": \"1\",\n\"react\": \"one\",\n\"left-pad\": \"a/b\"},\n\"devDependencies\": []}";
    assert_eq!(
        found("package.json", broken),
        [
            (Some(2), Rule::PackageName),
            (Some(3), Rule::PackageVersion),
            (Some(5), Rule::InstallHook),
            (Some(6), Rule::Manifest),
            (Some(8), Rule::PackageName),
            (Some(9), Rule::PackageVersion),
            (Some(10), Rule::PackageSource),
            (Some(11), Rule::Manifest),
        ]
    );
    assert_eq!(found("package.json", "[]"), [(None, Rule::Manifest)]);
}

#[test]
fn requirements_of_python() {
    use python::{NotARequirement::*, requirement};
    for (text, name) in [
        ("fastapi", "fastapi"),
        ("uvicorn[standard]>=0.30,<1", "uvicorn"),
        ("a.b-c_d == 1.*", "a.b-c_d"),
        ("x (>=1.0) ; python_version < '3.9'", "x"),
        ("x~=1.4.2rc1", "x"),
        ("x==1!2.0.post1.dev3+local.1", "x"),
        ("x>=2.0b1,", "x"),
    ] {
        assert_eq!(requirement(text), Ok(name), "{text}");
    }
    for (text, why) in [
        ("", Name),
        ("-x", Name),
        ("x[", Name),
        ("x=1", Version),
        ("x>1.x", Version),
        ("x ^1.0", Version),
        ("x==one", Version),
        ("x;", Version),
        ("x @ https://y/z.whl", Elsewhere),
        ("x[a] @ https://y/z.whl", Elsewhere),
        ("git+https://x/y", Elsewhere),
        ("./x", Elsewhere),
        ("https://x/y.whl", Elsewhere),
    ] {
        assert_eq!(requirement(text), Err(why), "{text}");
    }
    let text = "# why\nfastapi\n-r base.txt\n--extra-index-url https://x\nx=1 # y\nz @ https://a\n";
    assert_eq!(
        found("requirements.txt", text),
        [
            (Some(4), Rule::PackageSource),
            (Some(5), Rule::PackageVersion),
            (Some(6), Rule::PackageSource),
        ]
    );
}

#[test]
fn projects_of_python() {
    let sound = "[project]\nname = \"a-b\"\nversion = \"0.1.0\"\nrequires-python = \">=3.12\"\ndependencies = [\"FastAPI\", \"x>=1\"]\n[dependency-groups]\ndev = [\"pytest\"]\n";
    assert_eq!(found("pyproject.toml", sound), []);
    assert_eq!(python::names(sound), ["fastapi", "x", "pytest"]);
    let broken = "[project]\nname = \"a b\"\nversion = \"one\"\nrequires-python = \"3.12\"\ndependencies = [\n\"x @ file:///y\", \"z=1\"]\n";
    let rules: Vec<Rule> = found("pyproject.toml", broken)
        .into_iter()
        .map(|(_, rule)| rule)
        .collect();
    assert_eq!(rules.len(), 5);
    assert!(rules.contains(&Rule::PackageSource));
    assert_eq!(found("pyproject.toml", "[tool.pytest.ini_options]\n"), []);
}

#[test]
fn crates() {
    let sound = "[package]\nname = \"a-b\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nserde = { version = \"1\", features = [\"derive\"] }\ntokio = \"*\"\n";
    assert_eq!(found("Cargo.toml", sound), []);
    let broken = "[package]\nname = \"1\"\nversion = \"1\"\nedition = \"2025\"\n[dependencies]\nserde = { git = \"https://x\" }\ntokio = \"one\"\nx = {}\n[target.'cfg(unix)'.dependencies]\ny = { path = \"../y\" }\n";
    assert_eq!(
        found("Cargo.toml", broken),
        [
            (Some(2), Rule::PackageName),
            (Some(3), Rule::PackageVersion),
            (Some(4), Rule::Manifest),
            (Some(6), Rule::PackageSource),
            (Some(7), Rule::PackageVersion),
            (Some(8), Rule::PackageVersion),
            (Some(10), Rule::PackageSource),
        ]
    );
    assert_eq!(
        found("Cargo.toml", "[workspace]\n"),
        [(None, Rule::Manifest)]
    );
}

#[test]
fn an_application_of_expo() {
    let sound = "{\"expo\": {\"name\": \"A\", \"slug\": \"a-b\", \"scheme\": \"ab\", \"plugins\": [\"expo-router\"]}}";
    assert_eq!(found("app.json", sound), []);
    assert_eq!(found("app.json", "{\"a\": 1}"), []);
    assert_eq!(
        found(
            "app.json",
            "{\"expo\": {\"name\": \"\", \"slug\": \"a b\", \"plugins\": {}, \"scheme\": \"a b\"}}"
        )
        .len(),
        4
    );
}

#[test]
fn declared_packages_have_their_lines() {
    let file = |path: &str, text: &str| ProjectFile {
        path: path.to_owned(),
        content: text.as_bytes().to_vec(),
        executable: false,
        origin: Origin::Template,
        sources: Vec::new(),
    };
    let files = [
        file("package.json", "{\n\"dependencies\": {\n\"next\": \"*\"}}"),
        file("requirements.txt", "Scikit_Learn>=1 # why\n"),
        file(
            "Cargo.toml",
            "[package]\nname = \"a-b\"\n[dependencies]\naxum = \"1\"\n",
        ),
        file(
            "tsconfig.json",
            "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./src/*\"], \"~\": [\"./a\"]}}}",
        ),
    ];
    let all = declared(&files);
    let shown: Vec<_> = all
        .iter()
        .map(|one| (one.name.as_str(), one.line, one.own))
        .collect();
    assert_eq!(
        shown,
        [
            ("next", Some(3), false),
            ("scikit-learn", Some(1), false),
            ("axum", Some(4), false),
            ("a-b", Some(2), true),
        ]
    );
    let aliases = aliases(&files).unwrap();
    assert_eq!(
        aliases,
        [
            ("@/".to_owned(), "src".to_owned()),
            ("~".to_owned(), "a".to_owned())
        ]
    );
}
