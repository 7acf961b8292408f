//! Recipes against values worked out by hand or by numpy.

use std::sync::Arc;

use overread_imaging::attributes::Photometric;
use overread_imaging::samples::Samples;
use overread_imaging::voi::{Padding, Voi, Window};

use super::fixture::{ct, grey, rgb};
use super::*;

fn given<'a>(frame: &'a Frame, modality: &'a str) -> Given<'a> {
    Given {
        frame,
        modality,
        window: None,
        survey: None,
    }
}

#[test]
fn official_ct_windows_round_halves_to_even_in_single_precision() {
    // numpy: np.round(((np.clip(x, lo, hi).astype(f4) - lo) / (hi - lo)) * 255) for the three windows.
    let hu: Vec<i16> = vec![-2000, -1024, -135, 0, 8, 24, 40, 80, 215, 1020, 1024, 3000];
    let frame = ct(Samples::I16(hu.clone()), 12, 1, 0.0);
    let picture = to_rgb(Preprocess::CtWindows, &given(&frame, "CT")).unwrap();
    let expected: [[u8; 3]; 12] = [
        [0, 0, 0],
        [0, 0, 0],
        [111, 0, 0],
        [128, 98, 0],
        [128, 104, 26],
        [130, 116, 76],
        [132, 128, 128],
        [137, 157, 255],
        [154, 255, 255],
        [255, 255, 255],
        [255, 255, 255],
        [255, 255, 255],
    ];
    for (i, e) in expected.iter().enumerate() {
        assert_eq!(picture.rgb[i * 3..i * 3 + 3], *e, "{} HU", hu[i]);
    }
}

#[test]
fn every_stored_value_matches_numpy() {
    let stored: Vec<i16> = (-2048..2048).collect();
    for (slope, intercept, hashes) in [
        (
            1.0,
            0.0,
            [
                "41384b42cab1d1ef6d0cea3449a09a1f6b2dba7a6dfa86cccd369f62e6966f71",
                "dc79633b2e9b37fede2c38d14839dc203a96a0d7a51fbca8c4cfded9752eb9d0",
                "c19c179ddf655f880bf77bd41aad775960d73d7b0b5dbc007e75578ee4083fb2",
                "e24cd9312380bd387d580e1fa85c655367323e16183a10118ec20f5a77f7434d",
            ],
        ),
        (
            1.0,
            -1024.0,
            [
                "9877f7e0d2fdd2a4a046dc77efa684165ef817ce711e59c7ecca4692b552042e",
                "d549663986d479cc82b9f795586e3a95cbd297e5555b04e373d5a387486bb1e3",
                "959471fb95ad54ac0bbe2207545e61e378948dcf5e2243e5208ff1b14584e297",
                "af16f4abc702aa32f9fe5ebdc288b4119cc7afb087e6df0ed5f7facc7cfc8b42",
            ],
        ),
        (
            0.37,
            -12.5,
            [
                "feb6fc3d2c02c013a0d40d1bbd37f9a42b0f855728e9f7566c0b68a4770b0b62",
                "f205defc521db1cd7985fb074710fbbd17764f83a000ddeaf9c9ff9e87cffc3a",
                "67bf9dda37e30eadf81fb75ea39c1c853f14f2ff92e7a2b95cb4beaefd9d4e75",
                "ebfa05f3fa25ac183e0d3d0082554035de56a3a3dff805c4f003081a1927f7b5",
            ],
        ),
        (
            2.0,
            0.25,
            [
                "481beff82bf2da127fae631249846c2f0d0fd1eb3b04f885507356df2a9041a4",
                "9ffa98c02ba220454c49bbf8ef9059edbde0659878949c039b1ce7f82d37fac0",
                "5e67c5c05c22943779882e79277cd3e5d48e62710db0f10beb24ada42451b3af",
                "517007dbb157bea6003013b511e928ab4d59f49d32b74da5dbdc4a9ced9e2327",
            ],
        ),
    ] {
        let mut frame = ct(Samples::I16(stored.clone()), 4096, 1, intercept);
        Arc::make_mut(&mut frame.attributes).modality = ModalityTransform::Rescale { slope, intercept };
        for (preprocess, hash) in [
            Preprocess::CtWindows,
            Preprocess::CtWindowsReport,
            Preprocess::CtWindowsLungBone,
            Preprocess::CtWindowsServer,
        ]
        .into_iter()
        .zip(hashes)
        {
            let picture = to_rgb(preprocess, &given(&frame, "CT")).unwrap();
            assert_eq!(picture.sha256(), hash, "{preprocess} slope {slope}");
        }
    }
}

#[test]
fn the_server_code_wraps_unsigned_values_and_says_so() {
    let frame = ct(Samples::U16(vec![0, 1023, 1024, 1064]), 4, 1, -1024.0);
    let warnings = check(Preprocess::CtWindowsServer, &frame, "CT").unwrap();
    assert!(warnings.iter().any(|w| w.contains("wrap round")), "{warnings:?}");
    let picture = to_rgb(Preprocess::CtWindowsServer, &given(&frame, "CT")).unwrap();
    assert_eq!(picture.rgb[..3], [255, 255, 255]);
    assert_eq!(picture.rgb[6..], [128, 0, 0, 132, 0, 128]);
    let signed = ct(Samples::I16(vec![0, 2]), 2, 1, -1024.0);
    assert_eq!(
        check(Preprocess::CtWindowsServer, &signed, "CT").unwrap().len(),
        1
    );
}

#[test]
fn ct_windows_want_hounsfield_units() {
    let frame = grey(Samples::U16(vec![1; 4]), 2, 2);
    for p in [
        Preprocess::CtWindows,
        Preprocess::CtWindowsJpeg,
        Preprocess::CtWindowsServer,
    ] {
        let error = to_rgb(p, &given(&frame, "MR")).unwrap_err();
        assert!(error.to_string().contains("choose mr-percentile/1"), "{error}");
    }
}

#[test]
fn display_is_what_the_screen_shows() {
    let mut frame = grey(Samples::U16(vec![0, 50, 100, 9999]), 4, 1);
    Arc::make_mut(&mut frame.attributes).padding = Some(Padding {
        low: 9999,
        high: 9999,
    });
    let window = Voi::Window(Window::linear(50.5, 101.0));
    let g = Given {
        window: Some(&window),
        ..given(&frame, "MR")
    };
    let picture = to_rgb(Preprocess::Display, &g).unwrap();
    assert_eq!(picture.rgb, [0, 0, 0, 128, 128, 128, 255, 255, 255, 0, 0, 0]);
    assert!(to_rgb(Preprocess::Display, &given(&frame, "MR")).is_ok());
}

#[test]
fn mr_rules_take_the_whole_acquisition() {
    let a = grey(Samples::I16(vec![-100, 0]), 2, 1);
    let b = grey(Samples::I16(vec![27, 155]), 2, 1);
    let mut survey = Survey::new();
    survey.add(&a);
    survey.add(&b);
    let g = Given {
        survey: Some(&survey),
        ..given(&b, "MR")
    };
    // (27+100)/255*255 and (155+100)/255*255.
    assert_eq!(
        to_rgb(Preprocess::MrMinMax, &g).unwrap().rgb,
        [127, 127, 127, 255, 255, 255]
    );
    assert_eq!(
        to_rgb(Preprocess::MrMinMax, &given(&b, "MR")),
        Err(PreprocessError::NoSurvey("mr-minmax/1"))
    );
    let flat = grey(Samples::I16(vec![5, 5]), 2, 1);
    let mut survey = Survey::new();
    survey.add(&flat);
    let g = Given {
        survey: Some(&survey),
        ..given(&flat, "MR")
    };
    assert_eq!(to_rgb(Preprocess::MrMinMax, &g).unwrap().rgb, [255; 6]);
    assert_eq!(to_rgb(Preprocess::MrPercentile, &g).unwrap().rgb, [0; 6]);
}

#[test]
fn percentiles_clip_outliers_and_black_out_padding() {
    let mut values: Vec<i16> = (0..1000).collect();
    values.push(30_000);
    values.push(-5);
    let mut frame = grey(Samples::I16(values), 1002, 1);
    Arc::make_mut(&mut frame.attributes).padding = Some(Padding { low: -5, high: -5 });
    let mut survey = Survey::new();
    survey.add(&frame);
    // 1001 values: ranks ceil(5.005) = 6 and ceil(995.995) = 996, values 5 and 995.
    assert_eq!(
        (survey.percentile(grey::LOW), survey.percentile(grey::HIGH)),
        (Some(5.0), Some(995.0))
    );
    let g = Given {
        survey: Some(&survey),
        ..given(&frame, "MR")
    };
    let picture = to_rgb(Preprocess::MrPercentile, &g).unwrap();
    let at = |i: usize| picture.rgb[i * 3];
    assert_eq!(
        (at(0), at(5), at(500), at(995), at(1000), at(1001)),
        (0, 0, 128, 255, 255, 0)
    );
}

#[test]
fn radiographs_use_the_first_window_or_the_full_range() {
    let mut frame = grey(Samples::U16(vec![1000, 2000, 3000, 4000]), 4, 1);
    let full = to_rgb(Preprocess::CxrServer, &given(&frame, "DX")).unwrap();
    // interp to 0, 21845, 43690, 65535; / 257.
    assert_eq!(full.rgb, [0, 0, 0, 85, 85, 85, 170, 170, 170, 255, 255, 255]);
    let a = Arc::make_mut(&mut frame.attributes);
    a.vois = vec![
        Voi::Window(Window::linear(2500.0, 1001.0)),
        Voi::Window(Window::linear(0.0, 1.0)),
    ];
    a.photometric = Photometric::Monochrome1;
    let windowed = to_rgb(Preprocess::CxrServer, &given(&frame, "CR")).unwrap();
    // Clip to 2500 -/+ 500, then inverted.
    assert_eq!(windowed.rgb, [255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0]);
    let error = to_rgb(Preprocess::CxrServer, &given(&frame, "CT")).unwrap_err();
    assert!(error.to_string().contains("choose display/1"), "{error}");
    let signed = grey(Samples::I16(vec![-100, 0, 100]), 3, 1);
    let shifted = to_rgb(Preprocess::CxrServer, &given(&signed, "CR")).unwrap();
    assert_eq!(shifted.rgb, [0, 0, 0, 127, 127, 127, 255, 255, 255]);
    let bytes = grey(Samples::U8(vec![3, 7]), 2, 1);
    assert_eq!(
        to_rgb(Preprocess::CxrServer, &given(&bytes, "CR")).unwrap().rgb,
        [3, 3, 3, 7, 7, 7]
    );
    let wide = grey(Samples::I32(vec![3, 7]), 2, 1);
    assert!(matches!(
        to_rgb(Preprocess::CxrServer, &given(&wide, "CR")),
        Err(PreprocessError::NotSmallInteger { found: "<i4", .. })
    ));
}

#[test]
fn photos_are_as_they_are() {
    let frame = rgb(vec![1, 2, 3, 4, 5, 6], 2, 1);
    for p in [Preprocess::Photo, Preprocess::Display] {
        assert_eq!(to_rgb(p, &given(&frame, "XC")).unwrap().rgb, [1, 2, 3, 4, 5, 6]);
    }
    assert_eq!(Preprocess::default_for("XC", &frame), Preprocess::Photo);
    assert_eq!(
        to_rgb(Preprocess::MrMinMax, &given(&frame, "MR")),
        Err(PreprocessError::Colour("mr-minmax/1"))
    );
    let deep = grey(Samples::U16(vec![0; 2]), 2, 1);
    assert_eq!(
        to_rgb(Preprocess::Photo, &given(&deep, "OT")),
        Err(PreprocessError::NeedsWindow(16))
    );
}

#[test]
fn a_frame_with_too_few_values_is_refused() {
    let frame = ct(Samples::I16(vec![0; 3]), 2, 2, 0.0);
    for p in Preprocess::ALL {
        assert!(matches!(
            to_rgb(p, &given(&frame, "CT")),
            Err(PreprocessError::Incomplete { held: 3, .. })
        ));
    }
}

#[test]
fn defaults_follow_modality_and_unit() {
    let hu = ct(Samples::I16(vec![0]), 1, 1, 0.0);
    let plain = grey(Samples::I16(vec![0]), 1, 1);
    assert_eq!(Preprocess::default_for("CT", &hu), Preprocess::CtWindows);
    assert_eq!(Preprocess::default_for("CT", &plain), Preprocess::Display);
    assert_eq!(Preprocess::default_for("MR", &plain), Preprocess::MrPercentile);
    assert_eq!(Preprocess::default_for("DX", &plain), Preprocess::Display);
}

#[test]
fn odd_windows_and_values_do_not_panic() {
    let mut frame = grey(Samples::I16(vec![-1, 0, 1]), 3, 1);
    let a = Arc::make_mut(&mut frame.attributes);
    a.vois = vec![Voi::Window(Window::linear(f64::NAN, -5.0))];
    a.modality = ModalityTransform::Rescale {
        slope: f64::INFINITY,
        intercept: f64::NAN,
    };
    a.unit = Unit::Hounsfield;
    let mut survey = Survey::new();
    survey.add(&frame);
    for modality in ["CT", "MR", "CR"] {
        for p in Preprocess::ALL {
            let _ = to_rgb(
                p,
                &Given {
                    survey: Some(&survey),
                    ..given(&frame, modality)
                },
            );
        }
    }
}
