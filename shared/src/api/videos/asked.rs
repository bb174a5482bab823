//! What a request for an analysis asks for.

use lambda_http::{Request, RequestExt};

use super::super::{negotiate, paging, path_parameter};
use crate::{
    error::Error,
    store::{blobs::Form, videos::Selector},
    video::VideoKey,
};

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

/// What of an analysis is wanted.
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
    pub(super) fn of(request: &Request) -> Result<Self, Error> {
        let parameters = request.path_parameters();
        let missing = || Error::NotFound { what: "analysis" };
        let video = path_parameter(&parameters, "video_id").parse();
        let query = request.query_string_parameters();
        paging::only(&query, &["variant", "version", "format", "fields"])?;
        let form = negotiate::form(query.first("format"), request.headers());
        let fields = query.first("fields").map(fields).transpose()?;
        let shape = match (part(request.uri().path()), fields) {
            (None, None) => Shape::Whole(form?),
            (None, Some(fields)) => match form? {
                Form::Json => Shape::Fields(fields),
                _ => return Err(Error::invalid("fields", "can only be chosen of JSON")),
            },
            (Some(_), Some(_)) => {
                return Err(Error::invalid("fields", "cannot be chosen of one part"));
            }
            (Some("transcript"), None) => match form? {
                Form::Json => Shape::Fields(vec!["transcript"]),
                form @ (Form::Vtt | Form::Srt) => Shape::Whole(form),
                Form::Markdown => return Err(Error::NotAcceptable),
            },
            (Some(part), None) => match form? {
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

/// The part that a path is of: `/v1/videos/{video_id}/{part}`.
fn part(path: &str) -> Option<&'static str> {
    let last = path.strip_prefix("/v1/videos/")?.split('/').nth(1)?;
    FIELDS.into_iter().find(|field| *field == last)
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
    fn fields_are_those_of_the_document() {
        // As the snapshot of a whole document has it.
        let snapshot = include_str!(
            "../../analysis/assemble/snapshots/eventrelay__analysis__assemble__tests__a_whole_answer_becomes_an_analysis.snap"
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
    fn a_part_is_the_last_of_its_path() {
        assert_eq!(part("/v1/videos/yt:x/chapters"), Some("chapters"));
        assert_eq!(part("/v1/videos/yt:x"), None);
        assert_eq!(part("/v1/videos/yt:x/other"), None);
    }

    #[test]
    fn an_analysis_is_selected_by_one_name() {
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
