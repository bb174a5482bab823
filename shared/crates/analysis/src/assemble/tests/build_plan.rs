use super::*;

#[test]
fn build_plan_renumbers_steps_from_1() {
    let step = |order, description: &str, action: &str| BuildStep {
        order,
        action: action.into(),
        description: description.into(),
        target_file: Some(" ".into()),
        at_s: Some(9e9),
    };
    let mut draft = samples::draft();
    let plan = draft.content.build_plan.as_mut().unwrap();
    plan.title = String::new();
    plan.project_type = "Web".into();
    plan.steps = vec![
        step(7, "c", "Deploy"),
        step(0, "a", "explode"),
        step(3, "", "test"),
        step(3, "b", "test"),
        step(4, "b", "test"),
    ];
    let analysis = assemble(draft, samples::facts()).unwrap();
    let plan = analysis.content.build_plan.as_ref().unwrap();
    let steps: Vec<_> = plan
        .steps
        .iter()
        .map(|s| (s.order, &*s.description, &*s.action, s.at_s))
        .collect();
    assert_eq!(
        steps,
        [
            (1, "a", "implement", None),
            (2, "b", "test", None),
            (3, "c", "deploy", None)
        ]
    );
    assert_eq!(plan.steps[0].target_file, None);
    assert_eq!(
        (&*plan.title, &*plan.project_type),
        ("A web server in ten minutes", "web")
    );
    assert_eq!(
        refused(&analysis),
        [("build_plan", 9e9, RefusalReason::BeyondDuration); 3]
    );

    let mut draft = samples::draft();
    draft.content.build_plan.as_mut().unwrap().steps.clear();
    assert_eq!(
        assemble(draft, samples::facts())
            .unwrap()
            .content
            .build_plan,
        None
    );
}

#[test]
fn build_plan_drops_paths_outside_project() {
    let file_of = |file: &str| {
        let mut draft = samples::draft();
        let plan = draft.content.build_plan.as_mut().unwrap();
        plan.steps[0].target_file = Some(file.to_owned());
        let plan = assemble(draft, samples::facts())
            .unwrap()
            .content
            .build_plan;
        plan.unwrap().steps.remove(0).target_file
    };
    for file in [
        "Cargo.toml",
        "src/main.rs",
        ".github/workflows/ci.yml",
        "a b/c-d_e.txt",
    ] {
        assert_eq!(file_of(file).as_deref(), Some(file));
    }
    for file in [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a/..",
        ".",
        "./x",
        "~/.ssh/config",
        "C:\\x",
        "c:x",
        "file:///etc/passwd",
        "https://evil.example/x",
        "a//b",
        "a\\b",
        "a/",
        "con. ",
        "a/ .. /b",
    ] {
        assert_eq!(file_of(file), None, "{file}");
    }
}
