//! Query evaluation.

use crate::sdk_error::storage_error;
use std::{
    collections::{BTreeSet, HashMap},
    sync::PoisonError,
    time::{Duration, Instant},
};

use futures_util::{
    future::try_join,
    stream::{self, StreamExt, TryStreamExt},
};

use super::{
    super::{
        StoredAnalysis,
        batch::get_all,
        item::{Item, get_s, s},
    },
    Found, Hit, MAX_MATCHES, MAX_POSTINGS, Search,
    rows::{self, DocumentKey},
};
use eventrelay_analysis::search::{Candidate, Corpus, Posting, Query, Word, rank};
use eventrelay_core::{error::Error, video::VideoKey};

/// Time for which the corpus size is cached. Scores hardly depend on it.
const CORPUS_TTL: Duration = Duration::from_secs(60);

/// Words that are read concurrently.
const AT_ONCE: usize = 4;

/// Maximum reads of candidates per page, each as long as the page. More than one is needed only if
/// many analyses have just been replaced.
const ROUNDS: usize = 4;

struct Postings {
    found: Vec<Posting>,
    whole: bool,
}

impl Search {
    /// Returns at most `limit` analyses that contain all words of a query, starting at rank
    /// `offset`.
    ///
    /// An offset is valid for the index as it is. If the index changes between two pages, an
    /// analysis may be repeated or missed.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn find(&self, query: &Query, offset: usize, limit: usize) -> Result<Found, Error> {
        self.find_within(query, offset, limit, MAX_POSTINGS).await
    }

    /// Searches like [`Search::find`] with another bound than [`MAX_POSTINGS`].
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn find_within(
        &self,
        query: &Query,
        offset: usize,
        limit: usize,
        most_postings: usize,
    ) -> Result<Found, Error> {
        let words = stream::iter(query.words().to_vec())
            .map(|word| self.postings(word, most_postings))
            .buffered(AT_ONCE)
            .try_collect::<Vec<_>>();
        let (words, corpus) = try_join(words, self.corpus()).await?;
        let complete = words.iter().all(|postings| postings.whole);
        let ranked = rank(
            words.into_iter().map(|postings| postings.found).collect(),
            corpus,
        );
        let (mut hits, mut at) = (Vec::new(), offset.min(ranked.len()));
        for _ in 0..ROUNDS {
            let last = ranked.len().min(at + limit);
            for hit in self.hits(&ranked[at..last]).await? {
                if hits.len() == limit {
                    break;
                }
                at += 1;
                hits.extend(hit);
            }
            if hits.len() == limit || at == ranked.len() {
                break;
            }
        }
        Ok(Found {
            hits,
            complete,
            next: Some(at).filter(|at| *at < ranked.len()),
        })
    }

    /// Returns the postings of a word, and whether they are complete.
    async fn postings(&self, word: Word, most: usize) -> Result<Postings, Error> {
        let (term, beginning) = match &word {
            Word::Exact(term) => (term, format!("{term} ")),
            Word::Prefix(term) => (term, term.clone()),
        };
        let mut found = Vec::new();
        let mut from = None;
        loop {
            // One more than requested tells whether there are more.
            let limit = i32::try_from(most + 1 - found.len()).map_err(Error::internal)?;
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk AND begins_with(sk, :beginning)")
                .expression_attribute_values(":pk", s(rows::partition_of(term)))
                .expression_attribute_values(":beginning", s(&beginning))
                .projection_expression("sk, f, l, e")
                .limit(limit)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(storage_error)?;
            found.extend(page.items.iter().flatten().filter_map(rows::read_posting));
            if found.len() > most {
                found.truncate(most);
                return Ok(Postings {
                    found,
                    whole: false,
                });
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(Postings { found, whole: true });
            }
        }
    }

    async fn corpus(&self) -> Result<Corpus, Error> {
        let remembered = *self.corpus.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, corpus)) = remembered.filter(|(read, _)| read.elapsed() < CORPUS_TTL) {
            return Ok(corpus);
        }
        let counters = get_all(&self.client, &self.table, rows::all_counters(), false).await?;
        let corpus = rows::read_corpus(&counters);
        // An empty corpus is not cached, so that its first documents are found.
        if corpus != Corpus::default() {
            *self.corpus.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((Instant::now(), corpus));
        }
        Ok(corpus)
    }

    /// Returns a hit for each candidate whose analysis is the current one of its video. Takes two
    /// reads for any number of candidates.
    async fn hits(&self, candidates: &[Candidate]) -> Result<Vec<Option<Hit>>, Error> {
        let keys: Vec<Option<DocumentKey>> = candidates
            .iter()
            .map(|candidate| candidate.document.parse().ok())
            .collect();
        let documents = keys.iter().flatten().map(DocumentKey::item).collect();
        // An old and a new analysis of a video share a row there.
        let videos: BTreeSet<&VideoKey> = keys.iter().flatten().map(|key| &key.video).collect();
        let videos = videos.into_iter().map(rows::current).collect();
        let (documents, videos) = try_join(
            get_all(&self.client, &self.table, documents, false),
            get_all(&self.client, &self.videos_table, videos, false),
        )
        .await?;
        let documents = by_key(documents);
        let videos = by_key(videos);
        let hit = |candidate: &Candidate, key: DocumentKey| {
            let document = documents.get(&rows::name(&key.item()))?;
            let current = videos.get(&rows::name(&rows::current(&key.video)))?;
            let analysis: StoredAnalysis = serde_json::from_str(get_s(current, "doc")?).ok()?;
            if !key.is_of(&analysis.etag) {
                return None;
            }
            let entries = rows::read_document(document).ok()?.entries;
            let matches = { candidate.entries.iter() }
                .filter_map(|position| entries.get(usize::from(*position)).cloned())
                .take(MAX_MATCHES);
            Some(Hit {
                video: key.video,
                analysis,
                score: candidate.score,
                matches: matches.collect(),
            })
        };
        let candidates = candidates.iter().zip(keys);
        Ok(candidates
            .map(|(candidate, key)| hit(candidate, key?))
            .collect())
    }
}

fn by_key(items: Vec<Item>) -> HashMap<String, Item> {
    let named = items.into_iter().map(|item| (rows::name(&item), item));
    named.collect()
}
