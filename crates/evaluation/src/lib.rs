//! Case sets, truth, label matching, metrics, intervals, comparisons, calibration.
#![forbid(unsafe_code)]
