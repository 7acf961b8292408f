//! One body, compiled for several widths of register.

/// Calls an `#[inline(always)]` function compiled for the widest registers of this machine. What it computes must not
/// depend on the width: no sum may cross lanes, and the compiler fuses nothing by itself.
macro_rules! wide {
    ($name:ident ( $($arg:ident : $type:ty),* $(,)? )) => {{
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,f16c")]
            fn avx512($($arg: $type),*) {
                $name($($arg),*)
            }
            #[target_feature(enable = "avx2,f16c")]
            fn avx2($($arg: $type),*) {
                $name($($arg),*)
            }
            let level = $crate::level::Level::detect();
            if level >= $crate::level::Level::Avx512 {
                #[expect(unsafe_code, reason = "instructions found at run time")]
                // SAFETY: the level says that the machine has these instructions.
                unsafe {
                    avx512($($arg),*)
                };
            } else if level == $crate::level::Level::Avx2 {
                #[expect(unsafe_code, reason = "instructions found at run time")]
                // SAFETY: the level says that the machine has these instructions.
                unsafe {
                    avx2($($arg),*)
                };
            } else {
                $name($($arg),*);
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        $name($($arg),*);
    }};
}
pub(crate) use wide;
