//! Category of a video for the listing.

mod vocabulary;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::Analysis;
use vocabulary::VOCABULARY;

/// Closed list of categories. Also the partition key of the listing index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(const_into_str, serialize_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum Category {
    /// Machine learning and its applications.
    Ai,
    /// Data analysis and storage.
    Data,
    /// Web sites and browser applications.
    Web,
    /// Applications for mobile devices.
    Mobile,
    /// Development of video games.
    Games,
    /// Computer security, both attack and defence.
    Security,
    /// Services of the large cloud providers.
    Cloud,
    /// Continuous delivery and operations.
    Devops,
    /// Any other software development.
    Programming,
    /// Companies, markets and money.
    Business,
    /// Teaching and the sciences.
    Education,
    /// Subjects outside the other categories.
    Other,
}

impl Category {
    /// All categories in order of precedence.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Chooses the category from the words of technologies, title, concepts and topics. The highest
    /// score wins; in a tie the first category of [`Self::ALL`] wins.
    #[must_use]
    pub fn new(analysis: &Analysis) -> Self {
        let content = &analysis.content;
        let technologies: Vec<String> = content.technologies.iter().map(|t| words(t)).collect();
        let title = [(analysis.video.title.as_str(), 3)];
        let named = content.technologies.iter().map(|name| (name.as_str(), 2));
        let concepts = content.key_concepts.iter().map(|concept| &concept.name);
        let topics = concepts.chain(&content.related_topics);
        let texts = title.into_iter().chain(named);
        let texts: Vec<(String, usize)> = texts
            .chain(topics.map(|topic| (topic.as_str(), 1)))
            .map(|(text, weight)| (words(text), weight))
            .collect();
        let score = |category: Self| {
            let Some(vocabulary) = VOCABULARY.get(&category) else {
                return 0;
            };
            let in_text = |text: &str| vocabulary.words.iter().filter(|w| holds(text, w)).count();
            let told = texts.iter().map(|(text, weight)| weight * in_text(text));
            let named = |name: &&String| technologies.iter().any(|t| t.trim() == **name);
            told.sum::<usize>() + 2 * vocabulary.names.iter().filter(named).count()
        };
        let mut best = (Self::Other, 0);
        for &category in Self::ALL {
            let score = score(category);
            if score > best.1 {
                best = (category, score);
            }
        }
        best.0
    }
}

/// Joins lower-case words by single spaces, with a space at both ends. `c++`, `c#` and `node.js`
/// are words.
fn words(text: &str) -> String {
    let lower = text.to_lowercase();
    let pieces = lower.split(|c: char| !(c.is_alphanumeric() || matches!(c, '+' | '#' | '.')));
    let kept = pieces.map(|piece| piece.trim_matches('.').trim_start_matches(['#', '+']));
    let kept: Vec<&str> = kept.filter(|piece| !piece.is_empty()).collect();
    format!(" {} ", kept.join(" "))
}

/// Returns true if a text from [`words`] contains a word or a phrase.
fn holds(text: &str, wanted: &str) -> bool {
    text.match_indices(wanted)
        .any(|(at, _)| text[..at].ends_with(' ') && text[at + wanted.len()..].starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::super::{assemble, samples};
    use super::*;

    fn category_of(title: &str, technologies: &[&str], topics: &[&str]) -> Category {
        let mut draft = samples::draft();
        draft.content.key_concepts.clear();
        draft.content.technologies = technologies.iter().map(|t| (*t).to_owned()).collect();
        draft.content.related_topics = topics.iter().map(|t| (*t).to_owned()).collect();
        let facts = super::super::Facts {
            title: Some(title.into()),
            ..samples::facts()
        };
        Category::new(&assemble(draft, facts).unwrap())
    }

    #[test]
    fn words_tell_the_category() {
        for (title, technologies, topics, category) in [
            (
                "Build an LLM agent",
                &["Python", "LangChain"][..],
                &[][..],
                Category::Ai,
            ),
            (
                "Queries that scale",
                &["PostgreSQL"],
                &["Databases"],
                Category::Data,
            ),
            (
                "A todo list",
                &["React", "Next.js"],
                &["CSS"],
                Category::Web,
            ),
            (
                "Your first app",
                &["Swift", "SwiftUI"],
                &[],
                Category::Mobile,
            ),
            (
                "Platformer from scratch",
                &["Godot"],
                &["Game design"],
                Category::Games,
            ),
            (
                "How passwords leak",
                &[],
                &["Cybersecurity", "Phishing"],
                Category::Security,
            ),
            ("Serverless on AWS", &["Lambda"], &[], Category::Cloud),
            (
                "Pods explained",
                &["Kubernetes", "Docker"],
                &[],
                Category::Devops,
            ),
            ("Ownership", &["Rust", "cargo"], &[], Category::Programming),
            ("C++ in an hour", &["C++"], &[], Category::Programming),
            (
                "Raise a seed round",
                &[],
                &["Startups", "Finance"],
                Category::Business,
            ),
            (
                "The essence of calculus",
                &[],
                &["Mathematics"],
                Category::Education,
            ),
            ("Bread", &["Oven"], &["Baking"], Category::Other),
        ] {
            assert_eq!(
                category_of(title, technologies, topics),
                category,
                "{title}"
            );
        }
    }

    #[test]
    fn parts_of_words_tell_nothing() {
        for title in [
            "Rain in Maine: a fair said again",
            "Let it go, said the rustic surfer",
            "A swift reaction to expression in the webbing",
            "Ready player. Express train to Express Street",
            "Digital gittern concert",
        ] {
            assert_eq!(category_of(title, &[], &[]), Category::Other, "{title}");
        }
        assert_eq!(
            category_of("Songbirds", &["Recorder"], &["Choir"]),
            Category::Other
        );
    }

    #[test]
    fn words_are_found_next_to_any_punctuation() {
        assert_eq!(
            words("C#, C++ & Node.js (v20)... #AI"),
            " c# c++ node.js v20 ai "
        );
        assert!(holds(" ai ", "ai") && holds(" an ai ", "ai") && !holds(" fair ", "ai"));
        assert!(holds(" fair ai ", "ai"));
        assert!(holds(&words("Machine-Learning"), "machine learning"));
    }

    #[test]
    fn every_word_can_be_found() {
        for &category in Category::ALL {
            let vocabulary = &VOCABULARY[&category];
            for word in vocabulary.words.iter().chain(&vocabulary.names) {
                assert_eq!(words(word).trim(), *word, "{word} can never match");
            }
        }
    }

    #[test]
    fn a_name_is_read_back() {
        for category in Category::ALL {
            assert_eq!(category.into_str().parse(), Ok(*category));
            assert_eq!(serde_json::to_value(category).unwrap(), category.into_str());
        }
        assert!("AI/ML".parse::<Category>().is_err());
    }
}
