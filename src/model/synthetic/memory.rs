//! What random models take, by the estimate that real lineups are given: what is measured with them tells how good it is.

use super::Spec;
use crate::domain::machine::Room;
use crate::domain::{MemoryEstimate, MemoryPart, MemoryPurpose, RewardKind};
use crate::model::inspect::estimate::{Plan, Reader, Trunk, of_parts};
use crate::model::net::NetConfig;

impl Spec {
    /// What writing with it takes, as an estimate of a lineup of such models says.
    #[must_use]
    pub fn estimate(&self, plan: &Plan, room: &Room) -> MemoryEstimate {
        let config = self.shape.config();
        let bytes = self.weight_bytes().iter().map(|(_, bytes)| bytes).sum();
        let trunk = Trunk {
            role: "base".to_owned(),
            kind: None,
            parameters: config.parameters(),
            config: NetConfig::Own(config),
            bytes,
            how: self.quant.name().to_owned(),
            halved: None,
            element_bytes: 4,
            is_gguf: false,
        };
        let mut trunks = vec![trunk; 1 + self.whole];
        for (index, trunk) in trunks.iter_mut().enumerate().skip(1) {
            trunk.role = format!("model {index}");
            trunk.kind = Some(RewardKind::Model);
        }
        let readers: Vec<Reader> = std::iter::repeat_n(0, 1 + self.adapters)
            .chain(1..=self.whole)
            .map(|trunk| Reader { trunk })
            .collect();
        let adapters = MemoryPart {
            what: MemoryPurpose::Adapter,
            role: "adapters".to_owned(),
            kind: Some(RewardKind::Adapter),
            bytes: self.adapter_bytes(),
            on_card: room.card().is_some(),
            how: self.quant.adapter_type().to_owned(),
        };
        let objectives = self.adapters + self.whole;
        of_parts(&trunks, &readers, vec![adapters], objectives, plan, room)
    }
}
