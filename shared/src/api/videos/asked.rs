//! Requests for an analysis.

use lambda_http::{Request, RequestExt};

use super::super::{negotiate, paging, path_parameter};
use eventrelay_core::{error::Error, video::VideoKey};
use eventrelay_store::{blobs::Form, videos::Selector};

/// Members that `?fields=` can choose; `schema_version` and `video` are always there.
pub(crate) const FIELDS: [&str; 17] = [
    "language",
    "summary",
    "key_concepts",
    "chapters",
    "transcript",
    "events",
    "actions",
    "technologies",
    "difficulty",
    "prerequisites",
    "learning_path",
    "related_topics",
    "build_plan",
    "visual_elements",
    "sources",
    "refused",
    "provenance",
];

/// Requested part of an analysis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The whole, in a form.
    Whole(Form),
    /// Some members of the document, in its order.
    Fields(Vec<&'static str>),
}

/// A request that was read.
pub(super) struct Asked {
    pub(super) video: VideoKey,
    pub(super) selector: Selector,
    pub(super) shape: Shape,
}

impl Asked {
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotAcceptable`], [`Error::InvalidInput`].
    pub(super) fn new(request: &Request) -> Result<Self, Error> {
        let parameters = request.path_parameters();
        let missing = || Error::NotFound { what: "analysis" };
        let video = path_parameter(&parameters, "video_id").parse();
        let query = request.query_string_parameters();
        let view = View::new(request.uri().path());
        let known: &[&str] = match view {
            View::Analysis | View::Part(_) => &["variant", "version", "format", "fields"],
            View::Selection => &["variant", "version", "fields"],
            View::Form(_) => &["variant", "version"],
        };
        paging::only(&query, known)?;
        let fields = query.first("fields").map(fields).transpose()?;
        let form = || negotiate::form(query.first("format"), request.headers());
        let shape = match (view, fields) {
            (View::Form(form), _) => Shape::Whole(form),
            (View::Selection, Some(fields)) => Shape::Fields(fields),
            (View::Selection, None) => return Err(Error::invalid("fields", "is missing")),
            (View::Analysis, None) => Shape::Whole(form()?),
            (View::Analysis, Some(fields)) => match form()? {
                Form::Json => Shape::Fields(fields),
                _ => return Err(Error::invalid("fields", "can only be chosen of JSON")),
            },
            (View::Part(_), Some(_)) => {
                return Err(Error::invalid("fields", "cannot be chosen of one part"));
            }
            (View::Part("transcript"), None) => match form()? {
                Form::Json => Shape::Fields(vec!["transcript"]),
                form @ (Form::Vtt | Form::Srt) => Shape::Whole(form),
                Form::Markdown => return Err(Error::NotAcceptable),
            },
            (View::Part(part), None) => match form()? {
                Form::Json => Shape::Fields(vec![part]),
                _ => return Err(Error::NotAcceptable),
            },
        };
        Ok(Self {
            video: video.map_err(|_| missing())?,
            selector: selector(query.first("variant"), query.first("version"))?,
            shape,
        })
    }
}

/// View of an analysis that a path names: `/v1/videos/{video_id}/{view}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    /// The analysis, in the form that the query or `Accept` names.
    Analysis,
    /// One part of its JSON document.
    Part(&'static str),
    /// Some members of its JSON document.
    Selection,
    /// The analysis in one form, whatever `Accept` says: a client that is generated from the
    /// contract expects one media type of one path.
    Form(Form),
}

impl View {
    fn new(path: &str) -> Self {
        let last = path
            .strip_prefix("/v1/videos/")
            .and_then(|rest| rest.split('/').nth(1));
        match last {
            Some("analysis.md") => Self::Form(Form::Markdown),
            Some("transcript.vtt") => Self::Form(Form::Vtt),
            Some("transcript.srt") => Self::Form(Form::Srt),
            Some("selection") => Self::Selection,
            Some(last) => FIELDS
                .into_iter()
                .find(|field| *field == last)
                .map_or(Self::Analysis, Self::Part),
            None => Self::Analysis,
        }
    }
}

/// The names of a list, in the order of the document.
fn fields(list: &str) -> Result<Vec<&'static str>, Error> {
    let named: Vec<&str> = list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let is_known =
        |name: &&str| FIELDS.contains(name) || ["schema_version", "video"].contains(name);
    if named.is_empty() || list.len() > 400 || !named.iter().all(is_known) {
        let known = FIELDS.join(", ");
        return Err(Error::invalid(
            "fields",
            format!("must be a list of {known}"),
        ));
    }
    Ok(FIELDS
        .into_iter()
        .filter(|field| named.contains(field))
        .collect())
}

fn selector(variant: Option<&str>, version: Option<&str>) -> Result<Selector, Error> {
    let is_name = |name: &str| {
        (1..=40).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    match (variant, version) {
        (None, None) => Ok(Selector::Default),
        (Some(_), Some(_)) => Err(Error::invalid(
            "version",
            "must not come together with variant",
        )),
        (Some(name), None) if is_name(name) => Ok(Selector::Variant(name.to_owned())),
        (Some(_), None) => Err(Error::invalid("variant", "is no name of a variant")),
        (None, Some(name)) if is_name(name) && !name.contains('-') => {
            Ok(Selector::Version(name.to_owned()))
        }
        (None, Some(_)) => Err(Error::invalid("version", "is no version of the pipeline")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_document_fields_are_refused() {
        // As the snapshot of a whole document has it.
        let snapshot = include_str!(
            "../../../crates/analysis/src/assemble/snapshots/eventrelay_analysis__assemble__tests__a_whole_answer_becomes_an_analysis.snap"
        );
        let document = snapshot.splitn(3, "---\n").nth(2).unwrap();
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        let members: Vec<_> = document.as_object().unwrap().keys().collect();
        assert!(members.len() > 15);
        for member in &members {
            let known = FIELDS.contains(&member.as_str());
            assert!(
                known || ["schema_version", "video"].contains(&member.as_str()),
                "{member}"
            );
        }
        assert_eq!(fields("events, summary,,").unwrap(), ["summary", "events"]);
        assert_eq!(fields("video").unwrap(), [] as [&str; 0]);
        for wrong in ["", ",", "colour", &"events,".repeat(100)] {
            assert!(fields(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn last_path_segment_selects_the_view() {
        for (path, view) in [
            ("/v1/videos/yt:x", View::Analysis),
            ("/v1/videos/yt:x/other", View::Analysis),
            ("/v1/videos/yt:x/chapters", View::Part("chapters")),
            ("/v1/videos/yt:x/transcript", View::Part("transcript")),
            ("/v1/videos/yt:x/selection", View::Selection),
            ("/v1/videos/yt:x/analysis.md", View::Form(Form::Markdown)),
            ("/v1/videos/yt:x/transcript.vtt", View::Form(Form::Vtt)),
            ("/v1/videos/yt:x/transcript.srt", View::Form(Form::Srt)),
        ] {
            assert_eq!(View::new(path), view, "{path}");
        }
    }

    fn asked(path: &str, query: &str, accept: &str) -> Result<Shape, Error> {
        let request = http::Request::get(format!("https://api.example.com{path}?{query}"))
            .header("accept", accept)
            .body(lambda_http::Body::Empty)
            .unwrap();
        let parameters = [("video_id".to_owned(), vec!["yt:jNQXAC9IVRw".to_owned()])];
        let query: std::collections::HashMap<String, Vec<String>> =
            url::form_urlencoded::parse(query.as_bytes())
                .map(|(name, value)| (name.into_owned(), vec![value.into_owned()]))
                .collect();
        let request = request
            .with_path_parameters(std::collections::HashMap::from(parameters))
            .with_query_string_parameters(query);
        Asked::new(&request).map(|asked| asked.shape)
    }

    #[test]
    fn path_with_one_form_ignores_accept() {
        let video = "/v1/videos/yt:jNQXAC9IVRw";
        for (view, form) in [
            ("analysis.md", Form::Markdown),
            ("transcript.vtt", Form::Vtt),
            ("transcript.srt", Form::Srt),
        ] {
            for accept in ["*/*", "application/json", "image/png"] {
                let shape = asked(&format!("{video}/{view}"), "variant=1", accept).unwrap();
                assert_eq!(shape, Shape::Whole(form), "{view} {accept}");
            }
            for query in ["format=json", "fields=summary", "more=1"] {
                assert!(asked(&format!("{video}/{view}"), query, "*/*").is_err());
            }
        }
        let shape = asked(
            &format!("{video}/selection"),
            "fields=events,summary",
            "text/vtt",
        );
        assert_eq!(shape.unwrap(), Shape::Fields(vec!["summary", "events"]));
        assert!(asked(&format!("{video}/selection"), "", "*/*").is_err());
        let shape = asked(video, "fields=summary", "*/*").unwrap();
        assert_eq!(shape, Shape::Fields(vec!["summary"]));
    }

    #[test]
    fn selector_accepts_one_valid_variant_or_version() {
        assert_eq!(selector(None, None).unwrap(), Selector::Default);
        assert_eq!(
            selector(None, Some("2")).unwrap(),
            Selector::Version("2".to_owned())
        );
        assert!(selector(Some("1-ab"), None).is_ok());
        for (variant, version) in [
            (Some("1"), Some("1")),
            (Some("a#b"), None),
            (None, Some("1-a")),
            (None, Some("")),
        ] {
            assert!(
                selector(variant, version).is_err(),
                "{variant:?} {version:?}"
            );
        }
    }
}
