//! Compression of stored bodies.

use std::hint::black_box;

use anyhow::{Context as _, ensure};
use eventrelay::store::{compression, packed};
use serde::Serialize;

use crate::clock::{Effort, Work, microseconds};

/// A way to pack a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Packing {
    /// Gzip, member by member, as analyses are stored.
    Members,
    /// Gzip in one piece, as everything else is stored.
    Gzip,
    /// Zstandard at its fastest usual level.
    Zstd1,
    /// Zstandard at its default level.
    Zstd3,
}

/// Result of one compression.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Packed {
    pub(crate) packing: Packing,
    pub(crate) bytes: usize,
    pub(crate) pack_us: f64,
    pub(crate) unpack_us: f64,
}

/// A body in all packings.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Body {
    /// Length before it is packed.
    pub(crate) plain_bytes: usize,
    /// In the order of [`Packing::ALL`].
    pub(crate) packed: Vec<Packed>,
}

impl Packing {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 4] = [Self::Members, Self::Gzip, Self::Zstd1, Self::Zstd3];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Members => "gzip, by members, as stored",
            Self::Gzip => "gzip, in one piece",
            Self::Zstd1 => "zstd, level 1",
            Self::Zstd3 => "zstd, level 3",
        }
    }

    fn pack(self, plain: &str) -> anyhow::Result<Vec<u8>> {
        Ok(match self {
            Self::Members => packed::pack(plain)?.gzip.into(),
            Self::Gzip => compression::gzip(plain.as_bytes()).into(),
            Self::Zstd1 => zstd::bulk::compress(plain.as_bytes(), 1)?,
            Self::Zstd3 => zstd::bulk::compress(plain.as_bytes(), 3)?,
        })
    }

    fn unpack(self, packed: &[u8], length: usize) -> anyhow::Result<Vec<u8>> {
        Ok(match self {
            Self::Members | Self::Gzip => compression::gunzip(packed, length as u64)?,
            Self::Zstd1 | Self::Zstd3 => zstd::bulk::decompress(packed, length)?,
        })
    }
}

impl Body {
    /// Returns the result of one compression.
    pub(crate) fn packed(&self, packing: Packing) -> Option<&Packed> {
        self.packed.iter().find(|one| one.packing == packing)
    }

    /// Microseconds that a caller who takes gzip would wait if Zstandard were stored.
    pub(crate) fn repacked_us(&self) -> f64 {
        let unpack = self.packed(Packing::Zstd3).map_or(0.0, |one| one.unpack_us);
        unpack + self.packed(Packing::Gzip).map_or(0.0, |one| one.pack_us)
    }
}

/// Packs and unpacks a body.
pub(crate) fn measured(plain: &str, effort: Effort) -> anyhow::Result<Body> {
    let mut bodies = Vec::new();
    for packing in Packing::ALL {
        let packed = packing.pack(plain).with_context(|| packing.name())?;
        let back = packing.unpack(&packed, plain.len())?;
        ensure!(
            back == plain.as_bytes(),
            "{} loses something",
            packing.name()
        );
        bodies.push((packing, packed));
    }
    let packs = Packing::ALL.map(|packing| {
        let work: Work<'_> = Box::new(move || {
            let _ = black_box(packing.pack(black_box(plain)));
        });
        work
    });
    let unpacks: Vec<Work<'_>> = bodies
        .iter()
        .map(|(packing, packed)| {
            let work: Work<'_> = Box::new(move || {
                let _ = black_box(packing.unpack(black_box(packed), plain.len()));
            });
            work
        })
        .collect();
    let (pack_us, unpack_us) = (microseconds(&packs, effort), microseconds(&unpacks, effort));
    let times = pack_us.into_iter().zip(unpack_us);
    let packed = bodies.iter().zip(times);
    Ok(Body {
        plain_bytes: plain.len(),
        packed: packed
            .map(|((packing, packed), (pack_us, unpack_us))| Packed {
                packing: *packing,
                bytes: packed.len(),
                pack_us,
                unpack_us,
            })
            .collect(),
    })
}
