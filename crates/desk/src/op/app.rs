//! The desk at its start: notice, recent folders, settings, problems.

use std::path::PathBuf;

use overread_imaging::presets;

use crate::Outcome;
use crate::desk::Desk;
use crate::wire::app::{AppState, Preset, RecentFolder, Settings};

/// Stands wherever a model's words are shown.
pub const NOTICE: &str = "Research use only. Not for diagnosis.";

pub(crate) fn state(desk: &Desk) -> Outcome<AppState> {
    let recent = desk
        .store()
        .ok()
        .and_then(|store| store.recent_folders(10).ok())
        .unwrap_or_default();
    let study = crate::op::demo::study(desk);
    Ok(AppState {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        notice: NOTICE.to_owned(),
        recent: recent
            .into_iter()
            .map(|folder| {
                let path = PathBuf::from(&folder.path);
                RecentFolder {
                    handle: desk.handle_of_cases(&path),
                    opened_at: folder.opened_at,
                    present: path.exists() || overread_dicom::archive::leads_into(&path),
                }
            })
            .collect(),
        settings: settings(desk),
        demo_folder: study.is_dir().then(|| desk.handle(&study)),
        problems: desk.store.as_ref().err().cloned().into_iter().collect(),
        open_at_start: desk.open_at_start.as_ref().map(|path| desk.handle_of_cases(path)),
        presets: presets::CT
            .iter()
            .map(|p| Preset {
                name: p.name.to_owned(),
                center: p.center,
                width: p.width,
                key: p.key.to_owned(),
            })
            .collect(),
        cores: std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1)),
        memory_available: overread_medgemma::check::memory_available().unwrap_or(0) as f64,
    })
}

/// The settings as kept, or their defaults.
pub(crate) fn settings(desk: &Desk) -> Settings {
    let kept = desk
        .store()
        .ok()
        .and_then(|store| store.setting("settings").ok().flatten());
    let defaults = Settings {
        blind: false,
        reader: "reader".to_owned(),
        hide_identity: false,
        drag_up_brightens: true,
        interpolate: true,
        model: None,
        encode_ahead: false,
    };
    let mut settings = kept
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or(defaults);
    // A handle of an earlier run means nothing now: its path is kept apart.
    settings.model = desk
        .store()
        .ok()
        .and_then(|store| store.setting("model").ok().flatten())
        .map(|path| desk.handle(&PathBuf::from(path)));
    settings
}

pub(crate) fn set_settings(desk: &Desk, settings: &Settings) -> Outcome<Settings> {
    let now = desk.clock.now();
    let mut kept = settings.clone();
    let model = kept.model.take().map(|handle| desk.path(&handle)).transpose()?;
    {
        let mut store = desk.store()?;
        store.set_setting(
            "settings",
            &serde_json::to_string(&kept).unwrap_or_default(),
            &now,
        )?;
        if let Some(path) = model {
            store.set_setting("model", &path.to_string_lossy(), &now)?;
        }
    }
    Ok(self::settings(desk))
}
