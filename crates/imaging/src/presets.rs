//! CT windows under fixed keys; there is no standard table, so the common values of reading rooms.

/// A named CT window, HU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    /// Name shown and accepted by `--preset`.
    pub name: &'static str,
    /// Key that chooses it.
    pub key: &'static str,
    /// Centre, HU.
    pub center: f64,
    /// Width, HU.
    pub width: f64,
}

/// The presets in the order of their keys.
pub const CT: &[Preset] = &[
    Preset {
        name: "soft tissue",
        key: "1",
        center: 40.0,
        width: 400.0,
    },
    Preset {
        name: "lung",
        key: "2",
        center: -600.0,
        width: 1500.0,
    },
    Preset {
        name: "bone",
        key: "3",
        center: 480.0,
        width: 2500.0,
    },
    Preset {
        name: "brain",
        key: "4",
        center: 40.0,
        width: 80.0,
    },
    Preset {
        name: "liver",
        key: "5",
        center: 90.0,
        width: 150.0,
    },
    Preset {
        name: "mediastinum",
        key: "6",
        center: 50.0,
        width: 350.0,
    },
    Preset {
        name: "angio",
        key: "7",
        center: 300.0,
        width: 600.0,
    },
    Preset {
        name: "stroke",
        key: "8",
        center: 40.0,
        width: 40.0,
    },
    Preset {
        name: "subdural",
        key: "9",
        center: 75.0,
        width: 250.0,
    },
    Preset {
        name: "temporal bone",
        key: "Shift+3",
        center: 600.0,
        width: 2800.0,
    },
];

/// The preset of that name, whatever its capitals.
pub fn by_name(name: &str) -> Option<&'static Preset> {
    CT.iter()
        .find(|preset| preset.name.eq_ignore_ascii_case(name.trim()))
}
