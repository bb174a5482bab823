//! Cost of a lookup by the number of videos. The handler runs on tables of each size in turns.

use serde::Serialize;

use crate::{
    handler::{InstanceCache, Server},
    load::{self, Pick, Target},
    measure::{self, Effort, Measured, Subject},
    process::{Cores, InstanceCache as Resident, Watched},
    setup::Setup,
};

/// Lookups after which the memory of the process is read, the same at every size.
const LOOKUPS: usize = 20_000;
const QUICK_LOOKUPS: usize = 2_000;

/// The handler at one number of videos.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Growth {
    pub(crate) videos: usize,
    /// The handler caches analyses, and lookups only ask for cached ones.
    pub(crate) memory: bool,
    /// Lookups of any of the videos after which the memory was read.
    pub(crate) lookups: usize,
    /// Memory of the process after them, in KiB.
    pub(crate) resident_kib: u64,
    pub(crate) peak_kib: u64,
    pub(crate) measured: Measured,
}

/// Measures at every size, with and without memory.
pub(crate) async fn measure(
    setup: &Setup,
    cores: &Cores,
    effort: Effort,
    quick: bool,
) -> anyhow::Result<Vec<Growth>> {
    // Full at every size, so that its size is no matter of the number of videos.
    let entries = setup.tables.first().map_or(1, |table| table.videos);
    let lookups = if quick { QUICK_LOOKUPS } else { LOOKUPS };
    let mut servers: Vec<Server> = Vec::new();
    let mut subjects = Vec::new();
    let mut residents: Vec<(usize, bool, Resident)> = Vec::new();
    for table in &setup.tables {
        let environment = setup.environment.with("VIDEOS_TABLE", &table.name);
        for memory in [InstanceCache::Off, InstanceCache::Entries(entries)] {
            let server = environment.start(memory).await?;
            let watched = Watched::Alone(server.process);
            watched.pin(&cores.server)?;
            let mut target = Target {
                address: server.address,
                lookups: setup.first(table.videos),
                gzip: true,
                headers: String::new(),
            };
            let some = Pick::Some {
                seed: 1,
                count: lookups,
            };
            let _ = load::run(&target, effort.connections, some).await?;
            residents.push((
                table.videos,
                memory != InstanceCache::Off,
                watched.memory()?,
            ));
            if memory != InstanceCache::Off {
                target.lookups = setup.first(entries.div_ceil(2));
                let _ = load::run(&target, effort.connections, Pick::Each).await?;
            }
            subjects.push(Subject {
                name: format!(
                    "{} of {} videos",
                    match memory {
                        InstanceCache::Off => "index",
                        InstanceCache::Entries(_) => "in memory",
                    },
                    table.videos
                ),
                target,
                watched,
            });
            servers.push(server);
        }
    }
    let measured = measure::rounds(&subjects, effort).await?;
    let both = residents.into_iter().zip(measured);
    Ok(both
        .map(|((videos, memory, resident), measured)| Growth {
            videos,
            memory,
            lookups,
            resident_kib: resident.now,
            peak_kib: resident.peak,
            measured,
        })
        .collect())
}
