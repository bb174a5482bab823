//! Sample documents for the tests of this module.

use super::assemble::Facts;
use super::*;
use eventrelay_core::usage::Usage;

/// Answer with a value in every field and an item in every list.
pub(super) fn draft() -> Draft {
    Draft {
        title: Some("Build a small web server".into()),
        language: Some("en".into()),
        duration_s: Some(600.0),
        confidence: [("events".to_owned(), 0.9), ("summary".to_owned(), 0.95)].into(),
        content: content(),
    }
}

fn content() -> Content {
    Content {
        summary: "A web server is built in Rust.\nThen it is deployed.".into(),
        key_concepts: vec![KeyConcept {
            name: "Router".into(),
            explanation: "Finds the handler of a path.".into(),
            at_s: Some(30.0),
        }],
        chapters: vec![
            Chapter {
                title: "Setup".into(),
                start_s: 0.0,
                end_s: 65.0,
                summary: "Tools.".into(),
            },
            Chapter {
                title: "Code".into(),
                start_s: 60.0,
                end_s: 600.0,
                summary: String::new(),
            },
        ],
        transcript: vec![Segment {
            start_s: 0.5,
            end_s: 3.25,
            text: "Hello and welcome.".into(),
            speaker: Some("Ada".into()),
        }],
        events: vec![Event {
            id: String::new(),
            kind: EventKind::Tool,
            title: "cargo is installed".into(),
            description: "With rustup.".into(),
            at_s: 12.0,
            confidence: 0.8,
        }],
        actions: vec![Action {
            id: String::new(),
            title: "Install Rust".into(),
            description: "Run the installer.".into(),
            category: ActionCategory::Setup,
            priority: Priority::High,
            estimated_minutes: Some(10),
            at_s: 12.0,
        }],
        technologies: vec!["Rust".into(), "axum".into()],
        difficulty: Some(Difficulty::Intermediate),
        prerequisites: vec!["A terminal".into()],
        learning_path: vec!["Ownership".into(), "Async".into()],
        related_topics: vec!["HTTP".into()],
        build_plan: Some(BuildPlan {
            title: "Web server".into(),
            project_type: "api".into(),
            summary: "A server with one route.".into(),
            technologies: vec!["Rust".into()],
            steps: vec![BuildStep {
                order: 1,
                action: "create".into(),
                description: "Create the crate.".into(),
                target_file: Some("Cargo.toml".into()),
                at_s: Some(62.0),
            }],
        }),
        visual_elements: vec![VisualElement {
            kind: VisualKind::Code,
            content: "fn main() {\n    serve();\n}".into(),
            at_s: 120.0,
            confidence: 0.7,
        }],
    }
}

/// Facts of the video that do not come from the answer.
pub(super) fn facts() -> Facts {
    Facts {
        key: "yt:dQw4w9WgXcQ".parse().unwrap(),
        title: Some("A web server in ten minutes".into()),
        channel: Some("Ada's channel".into()),
        duration_s: Some(600.0),
        window: None,
        transcript: None,
        language: None,
        model: "gemini-3.8-flash".into(),
        prompt_sha256: "ab".repeat(32),
        analyzed_at: "2026-11-24T12:00:00Z".into(),
        usage: Usage {
            input_tokens: 180_000,
            output_tokens: 2_000,
            thinking_tokens: 500,
            model_calls: 1,
            cost_usd: Some(0.0612),
            billed_ms: 41_250,
        },
    }
}
