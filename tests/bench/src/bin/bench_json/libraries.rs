//! The libraries, each with the call that would take the place of ours.

use std::{fmt::Debug, hint::black_box};

use anyhow::{Context as _, ensure};
use serde::{Serialize, de::DeserializeOwned};

use crate::clock::{Effort, Work, microseconds};

/// A way to read a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    Slice,
    /// `serde_json`, from bytes that are looked through first and are a text from there on.
    Text,
    Sonic,
    /// `simd-json`, from a copy of the bytes: it writes into its input, and ours is borrowed.
    Simd,
}

/// A way to write one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    Serde,
    Sonic,
    Simd,
}

impl Reader {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 4] = [Self::Slice, Self::Text, Self::Sonic, Self::Simd];

    fn read<T: DeserializeOwned>(self, bytes: &[u8]) -> anyhow::Result<T> {
        Ok(match self {
            Self::Slice => serde_json::from_slice(bytes)?,
            Self::Text => serde_json::from_str(std::str::from_utf8(bytes)?)?,
            Self::Sonic => sonic_rs::from_slice(bytes)?,
            Self::Simd => simd_json::serde::from_slice(&mut bytes.to_vec())?,
        })
    }
}

impl Writer {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 3] = [Self::Serde, Self::Sonic, Self::Simd];

    fn write<T: Serialize>(self, value: &T) -> anyhow::Result<String> {
        Ok(match self {
            Self::Serde => serde_json::to_string(value)?,
            Self::Sonic => sonic_rs::to_string(value)?,
            Self::Simd => simd_json::serde::to_string(value)?,
        })
    }
}

/// A document, and the type that we read it into.
pub(crate) struct Case {
    pub(crate) name: String,
    bytes: usize,
    measure: Box<dyn Fn(Effort) -> anyhow::Result<Taken>>,
}

/// Durations in microseconds, one for each round.
struct Taken {
    read: Vec<f64>,
    write: Vec<f64>,
}

/// Measurements of a document, in the order of [`Reader::ALL`] and [`Writer::ALL`].
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) bytes: usize,
    pub(crate) read_us: Vec<f64>,
    pub(crate) write_us: Vec<f64>,
}

impl Case {
    /// A document that is read into `T`.
    pub(crate) fn new<T>(name: impl Into<String>, text: String) -> Self
    where
        T: DeserializeOwned + Serialize + PartialEq + Debug + 'static,
    {
        Self {
            name: name.into(),
            bytes: text.len(),
            measure: Box::new(move |effort| taken::<T>(text.as_bytes(), effort)),
        }
    }

    pub(crate) fn measured(self, effort: Effort) -> anyhow::Result<Document> {
        let taken = (self.measure)(effort).with_context(|| self.name.clone())?;
        Ok(Document {
            name: self.name,
            bytes: self.bytes,
            read_us: taken.read,
            write_us: taken.write,
        })
    }
}

fn taken<T>(bytes: &[u8], effort: Effort) -> anyhow::Result<Taken>
where
    T: DeserializeOwned + Serialize + PartialEq + Debug,
{
    let value: T = Reader::Slice.read(bytes)?;
    for reader in Reader::ALL {
        let other: T = reader.read(bytes)?;
        ensure!(other == value, "{reader:?} reads something else");
    }
    for writer in Writer::ALL {
        let written = writer.write(&value)?;
        let again: T = Reader::Slice.read(written.as_bytes())?;
        ensure!(again == value, "{writer:?} writes something else");
    }
    let reads = Reader::ALL.map(|reader| {
        let work: Work<'_> = Box::new(move || {
            // It was read before.
            let _ = black_box(reader.read::<T>(black_box(bytes)));
        });
        work
    });
    let value = &value;
    let writes = Writer::ALL.map(|writer| {
        let work: Work<'_> = Box::new(move || {
            let _ = black_box(writer.write(black_box(value)));
        });
        work
    });
    Ok(Taken {
        read: microseconds(&reads, effort),
        write: microseconds(&writes, effort),
    })
}
