//! Up to which size a body is cheaper beside its row than in S3: the same bodies in both places.

use serde::Serialize;

use crate::{
    body, catalog,
    catalog::{Lookup, Lookups},
    fill::{self, Place},
    handler::InstanceCache,
    load::Target,
    measure::{self, Effort, Measured, Subject},
    process::{Cores, Watched},
    setup::Setup,
};

/// Lengths of the documents, in bytes: compressed, some 4 to 130 kB.
const LENGTHS: [usize; 6] = [10_000, 20_000, 45_000, 90_000, 180_000, 360_000];

/// Videos of each length in each place.
const VIDEOS: u64 = 32;

/// Their numbers begin here, far from all others.
const FIRST: u64 = 1 << 48;

/// Bodies of one length in both places.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Places {
    /// Middle length of the compressed bodies, in bytes.
    pub(crate) gzip_bytes: usize,
    pub(crate) row: Measured,
    pub(crate) bucket: Measured,
}

/// Measures a handler without memory.
pub(crate) async fn measure(
    setup: &Setup,
    cores: &Cores,
    effort: Effort,
) -> anyhow::Result<Vec<Places>> {
    let server = setup.environment.start(InstanceCache::Off).await?;
    let watched = Watched::Alone(server.process);
    watched.pin(&cores.server)?;
    let mut subjects = Vec::new();
    for (position, length) in LENGTHS.into_iter().enumerate() {
        for place in [Place::Row, Place::Bucket] {
            let lookups = store(setup, length, place, FIRST * (1 + position as u64)).await?;
            subjects.push(Subject {
                name: format!("{length} bytes, {place:?}"),
                target: Target {
                    address: server.address,
                    lookups,
                    gzip: true,
                    headers: String::new(),
                },
                watched,
            });
        }
    }
    let mut measured = measure::rounds(&subjects, effort).await?.into_iter();
    let mut places = Vec::new();
    for subject in subjects.iter().step_by(2) {
        let (Some(row), Some(bucket)) = (measured.next(), measured.next()) else {
            break;
        };
        let lookups = &subject.target.lookups;
        places.push(Places {
            gzip_bytes: lookups[lookups.len() / 2].gzip,
            row,
            bucket,
        });
    }
    Ok(places)
}

async fn store(setup: &Setup, length: usize, place: Place, first: u64) -> anyhow::Result<Lookups> {
    let table = setup.environment.get("VIDEOS_TABLE")?;
    let first = match place {
        Place::Row => first,
        Place::Bucket => first + VIDEOS,
    };
    let mut lookups: Vec<Lookup> = Vec::new();
    for number in first..first + VIDEOS {
        let body = body::body(catalog::id(number).as_str(), length);
        let video = catalog::key(number);
        fill::place(&setup.dynamodb, &setup.blobs, table, &video, &body, place).await?;
        lookups.push(catalog::lookup(number, &body));
    }
    Ok(lookups.into())
}
