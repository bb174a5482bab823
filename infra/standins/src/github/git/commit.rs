//! Commits with their authors.

use std::fmt;

use jiff::{Timestamp, fmt::temporal::Pieces, tz::Offset};

use super::ObjectId;

/// Time of a commit in whole seconds, with its time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) struct Moment {
    time: Timestamp,
    offset: Offset,
}

impl Moment {
    pub(in crate::github) fn now() -> Self {
        Self {
            time: Timestamp::now(),
            offset: Offset::UTC,
        }
    }

    /// Parses RFC 3339; git stores whole minutes of the zone.
    pub(in crate::github) fn parse(text: &str) -> Option<Self> {
        // Of ISO 8601, jiff also reads times without seconds and with a zone in brackets.
        let is_rfc3339 = text.get(16..17) == Some(":") && !text.ends_with(']');
        let pieces = Pieces::parse(text).ok().filter(|_| is_rfc3339)?;
        let offset = pieces.to_numeric_offset()?;
        let time = pieces.date().to_datetime(pieces.time()?);
        let time = offset.to_timestamp(time).ok()?;
        Some(Self { time, offset })
    }

    /// Formats the time in UTC, as the API does.
    pub(in crate::github) fn to_rfc3339(self) -> String {
        format!("{:.0}", self.time)
    }
}

/// Form in a commit: Unix time in seconds, then the zone.
impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.offset.seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
        let seconds = self.time.as_second();
        write!(formatter, "{seconds} {sign}{hours:02}{minutes:02}")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::github) struct Person {
    pub(in crate::github) name: String,
    pub(in crate::github) email: String,
    pub(in crate::github) at: Moment,
}

impl Person {
    /// Returns a person who writes a commit now.
    pub(in crate::github) fn now(name: &str, email: &str) -> Self {
        Self {
            name: name.to_owned(),
            email: email.to_owned(),
            at: Moment::now(),
        }
    }
}

impl fmt::Display for Person {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Git removes these characters from names and addresses, because they would end them.
        let clean = |text: &str| text.replace(['<', '>', '\n', '\0'], "").trim().to_owned();
        let (name, email) = (clean(&self.name), clean(&self.email));
        write!(formatter, "{name} <{email}> {}", self.at)
    }
}

#[derive(Clone, Debug)]
pub(in crate::github) struct Commit {
    pub(in crate::github) tree: ObjectId,
    pub(in crate::github) parents: Vec<ObjectId>,
    pub(in crate::github) author: Person,
    pub(in crate::github) committer: Person,
    pub(in crate::github) message: String,
}

impl Commit {
    /// Returns the data of the object.
    pub(super) fn encode(&self) -> String {
        let mut text = format!("tree {}\n", self.tree);
        for parent in &self.parents {
            text.push_str(&format!("parent {parent}\n"));
        }
        let (author, committer) = (&self.author, &self.committer);
        text.push_str(&format!("author {author}\ncommitter {committer}\n\n"));
        text.push_str(&self.message);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moment_keeps_its_zone() {
        let moment = Moment::parse("2008-07-09T16:13:30+12:00").unwrap();
        assert_eq!(moment.to_string(), "1215576810 +1200");
        assert_eq!(moment.to_rfc3339(), "2008-07-09T04:13:30Z");
        let moment = Moment::parse("1970-01-01T00:00:00.9-03:30").unwrap();
        assert_eq!(moment.to_string(), "12600 -0330");
        assert_eq!(Moment::parse("yesterday"), None);
    }

    #[test]
    fn person_name_cannot_end_its_line() {
        let person = Person {
            name: "A <b>\nparent".into(),
            email: "a@b".into(),
            at: Moment::parse("1970-01-01T00:00:00Z").unwrap(),
        };
        assert_eq!(person.to_string(), "A bparent <a@b> 0 +0000");
    }
}
