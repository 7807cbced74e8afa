//! One VPS. Facts: `vcore`, `memoryMb`, `diskGb`, `cluster`, `zone`, `zoneType`, `offerType`, `datacenter`, `version`,
//! `state`, `netbootMode`, `keymap`, `slaMonitoring`, `monitoringIpBlocks`, `availableOptions`.

use perennial_core::product::Kind;

use super::super::context::{Answer, Context};
use super::super::found::Found;
use super::facts::Facts;
use super::{check_running, load_named};
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::product::{Vps, VpsModel, VpsState};

pub(super) fn one(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = load_named(context, Kind::Server)?;
    let found = Found::of(context, &seen, id)?;
    check_running(&found)?;
    Answer::json(&shown(&found))
}

fn shown(found: &Found<'_>) -> Vps {
    let facts = Facts::of(found.service);
    let memory = facts.read("memoryMb").unwrap_or(0);
    let vcore = facts.read("vcore").unwrap_or(1);
    Vps {
        cluster: facts.text("cluster", ""),
        display_name: Some(found.display_name()),
        iam: None,
        keymap: facts.find("keymap"),
        memory_limit: memory,
        model: VpsModel {
            available_options: facts.list("availableOptions"),
            datacenter: facts.list("datacenter"),
            disk: facts.read("diskGb").unwrap_or(0),
            maximum_additionnal_ip: 0,
            memory,
            name: found.product.code.clone(),
            offer: found.product.name.clone(),
            vcore,
            version: facts.text("version", "2019v1"),
        },
        monitoring_ip_blocks: facts.list("monitoringIpBlocks").iter().filter_map(|block| block.parse().ok()).collect(),
        name: found.service.name.clone(),
        netboot_mode: facts.text("netbootMode", "local"),
        offer_type: facts.text("offerType", "ssd"),
        sla_monitoring: facts.read("slaMonitoring"),
        state: facts.find("state").and_then(|word| VpsState::parse(&word)).unwrap_or(VpsState::Running),
        vcore,
        zone: facts.text("zone", ""),
        zone_type: facts.text("zoneType", "region"),
    }
}
