//! Limits, cursors and links of listings.

use lambda_http::{Request, aws_lambda_events::query_map::QueryMap};
use serde::Serialize;

use super::links::Links;
use eventrelay_core::error::Error;

/// Maximum number of items in a page.
const MAX_COUNT: u16 = 100;
/// Number of items in a page without `?limit=`.
const USUAL: u16 = 20;

/// Link to the next page of a listing.
#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(inline))]
pub(super) struct NextLinks {
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl NextLinks {
    pub(super) fn new(request: &Request, cursor: Option<&str>) -> Self {
        Self {
            next: cursor.map(|cursor| Links::new(request).next(request, cursor)),
        }
    }
}

pub(super) fn limit(text: Option<&str>) -> Result<u16, Error> {
    let Some(text) = text else { return Ok(USUAL) };
    let limit = text
        .parse()
        .ok()
        .filter(|limit| (1..=MAX_COUNT).contains(limit));
    let wrong = || {
        Error::invalid(
            "limit",
            format!("must be a whole number from 1 to {MAX_COUNT}"),
        )
    };
    limit.ok_or_else(wrong)
}

/// Refuses unknown and repeated parameters, so that a misspelt filter is not silently ignored.
pub(super) fn only(query: &QueryMap, known: &[&str]) -> Result<(), Error> {
    let twice = |name: &&&str| query.all(name).is_some_and(|values| values.len() > 1);
    if let Some(name) = known.iter().find(twice) {
        return Err(Error::invalid((*name).to_owned(), "is given twice"));
    }
    match query.iter().find(|(name, _)| !known.contains(name)) {
        None => Ok(()),
        Some((name, _)) => {
            let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            Err(Error::invalid(name, "is not a parameter of this request"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_outside_its_bounds_is_refused() {
        assert_eq!(limit(None).unwrap(), 20);
        assert_eq!(limit(Some("100")).unwrap(), 100);
        for wrong in ["0", "101", "-1", "ten", "", "1.5"] {
            assert!(limit(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn unknown_or_repeated_parameter_is_refused() {
        let read = |query: &str| {
            let query: QueryMap = query.parse().unwrap();
            only(&query, &["limit", "cursor"])
        };
        assert!(read("").is_ok());
        assert!(read("limit=1&cursor=a").is_ok());
        assert!(read("limit=1&limit=1").is_err());
        assert!(read("limit=1&colour=red").is_err());
    }
}
