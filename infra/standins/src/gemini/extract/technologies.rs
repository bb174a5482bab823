//! Names of products, languages, libraries and services.

use super::script::Script;

/// Names that match in any letter case.
const NAMES: [&str; 95] = [
    "Rust",
    "Python",
    "JavaScript",
    "TypeScript",
    "Java",
    "Kotlin",
    "Swift",
    "SwiftUI",
    "Golang",
    "C++",
    "C#",
    "Ruby",
    "PHP",
    "Scala",
    "Haskell",
    "Elixir",
    "SQL",
    "HTML",
    "CSS",
    "Bash",
    "React",
    "React Native",
    "Vue",
    "Angular",
    "Svelte",
    "Next.js",
    "Node.js",
    "Deno",
    "Express",
    "Django",
    "Flask",
    "FastAPI",
    "Spring Boot",
    "Rails",
    "Laravel",
    "Tailwind",
    "Bootstrap",
    "Vite",
    "Webpack",
    "npm",
    "Cargo",
    "rustup",
    "Tokio",
    "Axum",
    "pip",
    "Docker",
    "Kubernetes",
    "Terraform",
    "Ansible",
    "Jenkins",
    "GitHub Actions",
    "GitHub",
    "GitLab",
    "Git",
    "AWS",
    "Azure",
    "Google Cloud",
    "Lambda",
    "DynamoDB",
    "PostgreSQL",
    "Postgres",
    "MySQL",
    "SQLite",
    "MongoDB",
    "Redis",
    "Elasticsearch",
    "Kafka",
    "RabbitMQ",
    "GraphQL",
    "gRPC",
    "REST API",
    "WebAssembly",
    "Linux",
    "Ubuntu",
    "Android",
    "Flutter",
    "Firebase",
    "Supabase",
    "Vercel",
    "Netlify",
    "Cloudflare",
    "TensorFlow",
    "PyTorch",
    "scikit-learn",
    "NumPy",
    "pandas",
    "Jupyter",
    "OpenAI",
    "Gemini",
    "LangChain",
    "Excel",
    "Figma",
    "Blender",
    "Unity",
    "Arduino",
];

/// Names that are also ordinary words, which match only in this spelling.
const ORDINARY: [&str; 16] = [
    "Rust",
    "Swift",
    "Ruby",
    "React",
    "Express",
    "Flask",
    "Rails",
    "Cargo",
    "Git",
    "Lambda",
    "Excel",
    "Unity",
    "Angular",
    "Java",
    "Gemini",
    "Bootstrap",
];

/// Returns the known names in a transcript, in order of first use.
pub(super) fn technologies(script: &Script) -> Vec<&'static str> {
    let mut found: Vec<&str> = Vec::new();
    for sentence in &script.sentences {
        for name in NAMES {
            if !found.contains(&name) && says(&sentence.text, name) {
                found.push(name);
            }
        }
    }
    found
}

/// Returns whether a text contains a known name.
pub(super) fn names_one(text: &str) -> bool {
    NAMES.iter().any(|name| says(text, name))
}

/// Returns whether a text contains the name as whole words.
fn says(text: &str, name: &str) -> bool {
    let exact = ORDINARY.contains(&name);
    let same = |window: &str| {
        if exact {
            window == name
        } else {
            window.eq_ignore_ascii_case(name)
        }
    };
    let first = name.as_bytes()[0];
    text.bytes().enumerate().any(|(start, byte)| {
        let end = start + name.len();
        byte.eq_ignore_ascii_case(&first)
            && text.get(start..end).is_some_and(same)
            && !text[..start].ends_with(is_inner)
            && !text[end..].starts_with(|char| is_inner(char) || matches!(char, '+' | '#'))
    })
}

fn is_inner(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn technology_matches_whole_words() {
        for (text, name) in [
            ("We use Docker.", "Docker"),
            ("docker, then", "Docker"),
            ("written in C++ today", "C++"),
            ("Node.js!", "Node.js"),
            ("日本語Rust", "Rust"),
        ] {
            assert!(says(text, name), "{text}");
        }
        for (text, name) in [
            ("react quickly", "React"),
            ("dockerized", "Docker"),
            ("JavaScript", "Java"),
            ("legit", "Git"),
            ("PostgreSQL", "SQL"),
        ] {
            assert!(!says(text, name), "{text}");
        }
    }
}
