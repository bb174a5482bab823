//! Call of the model: checks limits and budgets, then validates and stores the answer.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Calls, kept::Made};
use crate::job::{Job, Media, Request, machine::EffectOutcome, model::GeminiFile};
use eventrelay_analysis::{self as analysis, Captions, captions};
use eventrelay_core::{
    answer_class::AnswerClass,
    clock::Timestamp,
    error::Error,
    limit::{Cap, Estimate},
    usage::Usage,
    video::Resolution,
};
use eventrelay_store::{
    StoredAnalysis,
    blobs::{self, Form},
    compression,
    packed::{self, Directory},
};
use eventrelay_upstream::gemini;

/// Maximum size of a stored transcript, in bytes. The stored form may be longer than the submitted
/// one, since it writes short times in full.
const MAX_STORED_TRANSCRIPT_BYTES: u64 = 8 * captions::MAX_BYTES as u64;

impl Calls {
    /// Asks the model to analyse the video and stores the analysis in the bucket.
    ///
    /// The paid answer is stored at once. After a crash, the next worker makes the same analysis
    /// from it. A crash before it is stored costs a second generation, because Gemini cannot return
    /// an answer again.
    pub(super) async fn analyse(
        &self,
        job: &Job,
        file: Option<&GeminiFile>,
        time: Duration,
        usage: &mut Usage,
    ) -> Result<EffectOutcome, Error> {
        let is_good_enough = |made: &Made| made.answered_by() >= self.models.class;
        let made = match self.made(job).await?.filter(is_good_enough) {
            Some(made) => {
                *usage = made.usage;
                made
            }
            None => {
                let made = self.make(job, file, time, usage).await?;
                // Best effort: a crash after a failure pays for the answer twice.
                if let Err(error) = self.keep(job, &made).await {
                    tracing::warn!(job.id = %job.header.id, error = error.report(), "Could not keep an answer");
                }
                made
            }
        };
        let (analysis, parts) = self.store(job, &made).await?;
        Ok(EffectOutcome::Analysed {
            analysis: Box::new(analysis),
            parts,
        })
    }

    async fn make(
        &self,
        job: &Job,
        file: Option<&GeminiFile>,
        time: Duration,
        usage: &mut Usage,
    ) -> Result<Made, Error> {
        let started = Instant::now();
        let transcript = match &job.request.transcript {
            Some(sha256) => Some(self.transcript(sha256, job.facts.duration_s).await?),
            None => None,
        };
        let prompt = analysis::prompt::build(&analysis::prompt::Options {
            language: job.request.language.clone(),
            window: job.request.window,
            transcript: transcript.as_ref().map(|given| &given.segments[..]),
            title: job.facts.title.as_deref(),
            duration_s: job.facts.duration_s,
        });
        let url = job.video.watch_url();
        let media = match (file, &url) {
            (Some(file), _) => gemini::Media::File {
                uri: &file.uri,
                mime_type: &file.mime_type,
            },
            (None, Some(url)) => gemini::Media::YouTube(url),
            (None, None) => return Err(Error::internal("nothing to watch")),
        };
        let model = self.models.name(job.header.model)?;
        let texts: Vec<&str> = prompt.parts.iter().map(String::as_str).collect();
        let text_bytes = texts.iter().map(|text| text.len()).sum::<usize>() + prompt.system.len();
        let heard_s = transcript.as_ref().map(Captions::end_s);
        let estimate = Estimate::new(
            job.facts.duration_s.or(heard_s),
            job.request.window,
            job.request.resolution,
            text_bytes as u64,
            gemini::MAX_OUTPUT_TOKENS,
        );
        let cap = job.request.max_cost_usd.map(|usd| Cap {
            usd,
            spent_usd: job.header.usage.cost_usd.unwrap_or(0.0),
        });
        let request = gemini::GenerateRequest {
            model,
            media: Some(media),
            window: job.request.window.map(|window| gemini::Window {
                start: Duration::try_from_secs_f64(window.start_s).unwrap_or_default(),
                end: window
                    .end_s
                    .and_then(|end| Duration::try_from_secs_f64(end).ok()),
            }),
            system: &prompt.system,
            texts: &texts,
            json_schema: &prompt.schema,
            media_resolution: job.request.resolution.map(|resolution| match resolution {
                Resolution::Low => gemini::MediaResolution::Low,
                Resolution::Medium => gemini::MediaResolution::Medium,
                Resolution::High => gemini::MediaResolution::High,
            }),
            thinking_level: None,
            estimate,
            cap,
            key_id: job.header.submitted_by.as_deref(),
            has_reservation: job.header.has_reservation,
        };
        let answered = self.models.gemini.generate(&request, time).await?;
        *usage = job.header.usage.plus(answered.usage);
        let generated = answered.outcome?;

        let version = generated.model_version.as_deref().unwrap_or(model);
        let answered_by = AnswerClass::of_answer(self.models.class, version);
        let now = Timestamp::now();
        let draft = analysis::Draft::parse(&generated.text)?;
        let analysis = analysis::assemble(
            draft,
            analysis::Facts {
                key: job.video.clone(),
                title: job.facts.title.clone().or_else(|| file_title(job)),
                channel: job.facts.channel.clone(),
                duration_s: job.facts.duration_s,
                window: job.request.window,
                transcript,
                language: job.request.language.clone(),
                model: match answered_by {
                    AnswerClass::StandIn => AnswerClass::STAND_IN_MODEL.to_owned(),
                    _ => version.to_owned(),
                },
                prompt_sha256: prompt.sha256,
                usage: Usage {
                    billed_ms: usage.billed_ms + started.elapsed().as_millis() as u64,
                    ..*usage
                },
                analyzed_at: now.rfc3339(),
            },
        )?;
        Ok(Made {
            analysis,
            answered_by: Some(answered_by),
            usage: *usage,
            finished_at: now,
        })
    }

    /// Reads the transcript of the request, with times relative to the whole video.
    async fn transcript(&self, sha256: &str, duration_s: Option<f64>) -> Result<Captions, Error> {
        let gone = || Error::internal("the transcript of a job is gone");
        let packed = self
            .blobs
            .get(&blobs::transcript_key(sha256))
            .await?
            .ok_or_else(gone)?;
        let text = compression::gunzip(&packed, MAX_STORED_TRANSCRIPT_BYTES)?;
        let text = String::from_utf8(text).map_err(Error::internal)?;
        let mut captions = Captions::from_stored(&text)?;
        if let Some(offset_s) = captions.align(duration_s)? {
            tracing::info!(offset_s, "shifted captions whose clock does not begin at 0");
        }
        Ok(captions)
    }

    /// Stores all formats of an analysis in the bucket.
    async fn store(&self, job: &Job, made: &Made) -> Result<(StoredAnalysis, Directory), Error> {
        let (analysis, now) = (&made.analysis, made.finished_at);
        let json = serde_json::to_string(analysis).map_err(Error::internal)?;
        let etag = sha256(json.as_bytes());
        let packed = packed::pack(&json)?;
        let put = |form: Form, gzip: Bytes| {
            let key = blobs::analysis_key(&job.video, &etag, form);
            Box::pin(async move { self.blobs.put_gzip(&key, form.content_type(), gzip).await })
        };
        let rendered = |form: Form| put(form, compression::gzip(form.render(analysis).as_bytes()));
        futures_util::future::try_join4(
            put(Form::Json, packed.gzip.clone()),
            rendered(Form::Markdown),
            rendered(Form::Vtt),
            rendered(Form::Srt),
        )
        .await?;
        let base = Request {
            transcript: None,
            ..job.request.clone()
        };
        let stored = StoredAnalysis {
            variant: job.variant(),
            base_variant: base.variant(),
            size_bytes: json.len() as u64,
            gzip_bytes: packed.gzip.len() as u64,
            etag,
            title: analysis.video.title.clone(),
            category: analysis::Category::new(analysis).into_str().to_owned(),
            duration_s: analysis.video.duration_s,
            usage: analysis.provenance.usage,
            answered_by: made.answered_by(),
            finished_at: now,
            expires_at: now + self.analysis_ttl,
        };
        Ok((stored, packed.parts))
    }
}

/// Returns the file name without its extension, as a provisional title.
fn file_title(job: &Job) -> Option<String> {
    let Media::Upload { file_name, .. } = &job.media else {
        return None;
    };
    let stem = file_name
        .rsplit_once('.')
        .map_or(file_name.as_str(), |(stem, _)| stem);
    (!stem.trim().is_empty()).then(|| stem.trim().to_owned())
}

fn sha256(body: &[u8]) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(body))
}
