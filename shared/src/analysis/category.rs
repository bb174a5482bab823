//! The category that a video is listed under: one of a closed list, chosen by whole words, so that
//! `ai` is found in "AI for all" and not in "explain".

use super::Analysis;

/// What a video is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Category {
    Ai,
    Security,
    Games,
    Mobile,
    Data,
    Cloud,
    Devops,
    Web,
    Programming,
    Business,
    Education,
    Other,
}

impl Category {
    /// Its name in a list's filter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ai => "ai",
            Self::Security => "security",
            Self::Games => "games",
            Self::Mobile => "mobile",
            Self::Data => "data",
            Self::Cloud => "cloud",
            Self::Devops => "devops",
            Self::Web => "web",
            Self::Programming => "programming",
            Self::Business => "business",
            Self::Education => "education",
            Self::Other => "other",
        }
    }
}

/// Words of a category, in lower case; of several words where the words alone mean nothing. The
/// narrower category stands first, since it wins where two have the same weight.
#[rustfmt::skip]
const WORDS: [(Category, &[&str]); 11] = [
    (Category::Ai, &["ai", "ml", "llm", "llms", "gpt", "gemini", "chatgpt", "openai", "neural", "transformer", "transformers", "pytorch", "tensorflow", "machine learning", "deep learning", "prompt", "agents", "rag", "embeddings"]),
    (Category::Security, &["security", "cybersecurity", "vulnerability", "exploit", "malware", "encryption", "cryptography", "oauth", "pentest", "phishing"]),
    (Category::Games, &["game", "games", "unity", "unreal", "godot", "bevy", "gamedev", "shader"]),
    (Category::Mobile, &["android", "ios", "swift", "swiftui", "flutter", "expo", "react native", "mobile"]),
    (Category::Data, &["sql", "pandas", "dataset", "database", "databases", "postgres", "postgresql", "spark", "analytics", "statistics", "notebook", "data science", "etl"]),
    (Category::Cloud, &["aws", "azure", "gcp", "lambda", "serverless", "s3", "dynamodb", "cloud", "cloudflare"]),
    (Category::Devops, &["devops", "docker", "kubernetes", "terraform", "ansible", "ci", "cd", "pipeline", "prometheus", "grafana", "monitoring"]),
    (Category::Web, &["html", "css", "javascript", "typescript", "react", "vue", "svelte", "angular", "next.js", "nextjs", "frontend", "website", "browser", "tailwind", "web", "http"]),
    (Category::Programming, &["rust", "python", "java", "kotlin", "go", "golang", "c++", "code", "coding", "programming", "compiler", "algorithm", "algorithms", "api", "git", "software", "developer", "toolchain"]),
    (Category::Business, &["business", "marketing", "startup", "startups", "finance", "investing", "sales", "revenue", "management", "economy"]),
    (Category::Education, &["lecture", "lesson", "course", "university", "students", "physics", "chemistry", "biology", "history", "mathematics", "math", "exam"]),
];

/// The category whose words stand in a video's title, technologies and topics most often; a word
/// of the technologies counts twice, since it is there on purpose.
#[must_use]
pub fn of(analysis: &Analysis) -> Category {
    let content = &analysis.content;
    let named: Vec<Vec<String>> = content
        .technologies
        .iter()
        .map(|text| words(text))
        .collect();
    let told: Vec<Vec<String>> = [&analysis.video.title, &content.summary]
        .into_iter()
        .chain(&content.related_topics)
        .chain(content.key_concepts.iter().map(|concept| &concept.name))
        .map(|text| words(text))
        .collect();
    let mut best = (Category::Other, 0);
    for (category, phrases) in WORDS {
        let weight: usize = phrases
            .iter()
            .map(|phrase| 2 * count(&named, phrase) + count(&told, phrase))
            .sum();
        if weight > best.1 {
            best = (category, weight);
        }
    }
    best.0
}

fn words(text: &str) -> Vec<String> {
    let is_outside = |c: char| !c.is_alphanumeric() && !matches!(c, '+' | '#' | '.');
    let words = text
        .split(is_outside)
        .map(|word| word.trim_end_matches('.').to_lowercase());
    words.filter(|word| !word.is_empty()).collect()
}

fn count(texts: &[Vec<String>], phrase: &str) -> usize {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    let in_text = |text: &Vec<String>| text.windows(phrase.len()).filter(|w| *w == phrase).count();
    texts.iter().map(in_text).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Content, assemble, samples};

    fn category(title: &str, technologies: &[&str]) -> Category {
        let technologies = technologies.iter().map(|name| (*name).to_owned()).collect();
        let mut draft = samples::draft();
        draft.content = Content {
            summary: "So it is.".to_owned(),
            technologies,
            ..Content::default()
        };
        let facts = crate::analysis::Facts {
            title: Some(title.to_owned()),
            ..samples::facts()
        };
        of(&assemble(draft, facts).unwrap())
    }

    #[test]
    fn words_are_found_whole() {
        assert_eq!(
            category("Explaining maid service in Spain", &[]),
            Category::Other
        );
        assert_eq!(category("AI, explained", &[]), Category::Ai);
        assert_eq!(category("Intro to machine learning.", &[]), Category::Ai);
        assert_eq!(
            category("A machine that keeps learning", &[]),
            Category::Other
        );
    }

    #[test]
    fn technologies_say_more_than_the_title() {
        assert_eq!(
            category("A website in an hour", &["Rust", "axum"]),
            Category::Programming
        );
        assert_eq!(category("Godot for beginners", &["Godot"]), Category::Games);
        assert_eq!(category("Deploy it", &["AWS", "Lambda"]), Category::Cloud);
    }
}
