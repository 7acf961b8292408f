// Stored value to screen: padding, modality, interpolation, VOI, inversion, 8 bit. The one formula of a pixel on a GPU;
// `imaging::render` is its judge. Run by wgpu as it is and, translated to GLSL ES 3.00, by WebGL2 in the page.
//
// Uniforms are vec4 only, so that WGSL and std140 layouts agree byte for byte. Textures are read texel by texel: integer
// textures have no filtering, and a driver's rounding must not decide a grey value.

struct Present {
    // image x = view_x.x * out.x + view_x.y * out.y + view_x.z; w: 1 = linear interpolation
    view_x: vec4<f32>,
    // image y likewise; w: 1 = inverted
    view_y: vec4<f32>,
    // columns, rows, sample kind, unused
    image: vec4<i32>,
    // slope, intercept, output width, output height
    modality: vec4<f32>,
    // centre, width, function (0 LINEAR, 1 LINEAR_EXACT, 2 SIGMOID, 3 LUT), highest LUT entry
    voi: vec4<f32>,
    // modality LUT: first input, length (0 = none); VOI LUT: first input, length
    luts: vec4<i32>,
    // padding: lowest, highest stored value, 1 = there is padding
    padding: vec4<f32>,
}

@group(0) @binding(0) var<uniform> present: Present;
@group(0) @binding(1) var pixels: texture_2d<u32>;
@group(0) @binding(2) var modality_lut: texture_2d<f32>;
@group(0) @binding(3) var voi_lut: texture_2d<f32>;

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) out_px: vec2<f32>,
}

// One triangle over the whole output; y runs down in out_px on every platform.
@vertex
fn vs_main(@builtin(vertex_index) index: u32) -> Corner {
    let x = f32((index << 1u) & 2u);
    let y = f32(index & 2u);
    var corner: Corner;
    corner.position = vec4<f32>(x * 2.0 - 1.0, y * 2.0 - 1.0, 0.0, 1.0);
    corner.out_px = vec2<f32>(x * present.modality.z, (1.0 - y) * present.modality.w);
    return corner;
}

fn texel(at: vec2<i32>) -> vec4<u32> {
    let last = present.image.xy - vec2<i32>(1, 1);
    return textureLoad(pixels, clamp(at, vec2<i32>(0, 0), last), 0);
}

// Sample kinds as `wire::resource::SampleKind` numbers them.
fn stored(bits: u32) -> f32 {
    let kind = present.image.z;
    if kind == 1 {
        return f32(bitcast<i32>(bits << 24u) >> 24u);
    }
    if kind == 3 {
        return f32(bitcast<i32>(bits << 16u) >> 16u);
    }
    if kind == 5 {
        return f32(bitcast<i32>(bits));
    }
    if kind == 6 {
        return bitcast<f32>(bits);
    }
    return f32(bits);
}

fn is_padding(value: f32) -> bool {
    return present.padding.z > 0.5 && value >= present.padding.x && value <= present.padding.y;
}

fn modality_value(value: f32) -> f32 {
    let length = present.luts.y;
    if length > 0 {
        let k = clamp(i32(value) - present.luts.x, 0, length - 1);
        return textureLoad(modality_lut, vec2<i32>(k & 1023, k >> 10u), 0).r;
    }
    return value * present.modality.x + present.modality.y;
}

// 0 to 255, not rounded (PS3.3 C.11.2.1.2, C.11.2.1.3).
fn voi_value(x: f32) -> f32 {
    let c = present.voi.x;
    let w = present.voi.y;
    let function_id = i32(present.voi.z);
    if function_id == 3 {
        let k = clamp(i32(floor(x)) - present.luts.z, 0, present.luts.w - 1);
        return textureLoad(voi_lut, vec2<i32>(k & 1023, k >> 10u), 0).r * 255.0 / present.voi.w;
    }
    if function_id == 2 {
        return 255.0 / (1.0 + exp(clamp(-4.0 * (x - c) / w, -80.0, 80.0)));
    }
    if function_id == 1 {
        if x <= c - w / 2.0 {
            return 0.0;
        }
        if x > c + w / 2.0 {
            return 255.0;
        }
        return ((x - c) / w + 0.5) * 255.0;
    }
    let half = (w - 1.0) / 2.0;
    if x <= c - 0.5 - half {
        return 0.0;
    }
    if x > c - 0.5 + half {
        return 255.0;
    }
    return ((x - (c - 0.5)) / (w - 1.0) + 0.5) * 255.0;
}

// Own rounding: no driver decides it.
fn to_display(y: f32) -> f32 {
    var value = y;
    if present.view_y.w > 0.5 {
        value = 255.0 - y;
    }
    return clamp(floor(value + 0.5), 0.0, 255.0) / 255.0;
}

fn weighted(at: vec2<i32>, weight: f32) -> vec2<f32> {
    let value = stored(texel(at).r);
    if weight <= 0.0 || is_padding(value) {
        return vec2<f32>(0.0, 0.0);
    }
    return vec2<f32>(modality_value(value) * weight, weight);
}

@fragment
fn fs_main(@location(0) out_px: vec2<f32>) -> @location(0) vec4<f32> {
    let background = vec4<f32>(0.0, 0.0, 0.0, 1.0);
    let x = present.view_x.x * out_px.x + present.view_x.y * out_px.y + present.view_x.z;
    let y = present.view_y.x * out_px.x + present.view_y.y * out_px.y + present.view_y.z;
    let here = vec2<f32>(x, y);
    let size = vec2<f32>(present.image.xy);
    if x < 0.0 || y < 0.0 || x >= size.x || y >= size.y {
        return background;
    }
    let nearest = vec2<i32>(floor(here));
    let linear = present.view_x.w > 0.5;
    let p = here - vec2<f32>(0.5, 0.5);
    let low = floor(p);
    let part = p - low;
    let a = vec2<i32>(low);
    let b = a + vec2<i32>(1, 0);
    let c = a + vec2<i32>(0, 1);
    let d = a + vec2<i32>(1, 1);
    let wa = (1.0 - part.x) * (1.0 - part.y);
    let wb = part.x * (1.0 - part.y);
    let wc = (1.0 - part.x) * part.y;
    let wd = part.x * part.y;
    if present.image.z == 7 {
        var rgb = vec3<f32>(texel(nearest).rgb);
        if linear {
            rgb = vec3<f32>(texel(a).rgb) * wa + vec3<f32>(texel(b).rgb) * wb + vec3<f32>(texel(c).rgb) * wc + vec3<f32>(texel(d).rgb) * wd;
        }
        return vec4<f32>(to_display(rgb.r), to_display(rgb.g), to_display(rgb.b), 1.0);
    }
    let own = stored(texel(nearest).r);
    if is_padding(own) {
        return background;
    }
    var value = modality_value(own);
    if linear {
        let sum = weighted(a, wa) + weighted(b, wb) + weighted(c, wc) + weighted(d, wd);
        value = sum.x / sum.y;
    }
    let grey = to_display(voi_value(value));
    return vec4<f32>(grey, grey, grey, 1.0);
}

// The same formula without a branch, for what is drawn most: whole numbers of up to 32 signed bits, no tables, LINEAR
// (width above 1) or LINEAR_EXACT. Software devices run it four times as fast; `overread_shaders::uniforms` says when
// it may be used, and the reference renderer judges it like the other.
fn share(at: vec2<i32>, shift: u32, weight: f32) -> vec2<f32> {
    let value = f32(bitcast<i32>(texel(at).r << shift) >> shift);
    let padded = present.padding.z * step(present.padding.x, value) * step(value, present.padding.y);
    let kept = weight * (1.0 - padded);
    return vec2<f32>((value * present.modality.x + present.modality.y) * kept, kept);
}

@fragment
fn fs_window(@location(0) out_px: vec2<f32>) -> @location(0) vec4<f32> {
    let x = present.view_x.x * out_px.x + present.view_x.y * out_px.y + present.view_x.z;
    let y = present.view_y.x * out_px.x + present.view_y.y * out_px.y + present.view_y.z;
    let here = vec2<f32>(x, y);
    let linear = present.view_x.w;
    // With nearest the four corners are one pixel, and the first has all the weight.
    let p = here - vec2<f32>(0.5, 0.5) * linear;
    let low = floor(p);
    let part = (p - low) * linear;
    let a = vec2<i32>(low);
    let kind = present.image.z;
    let shift = select(select(0u, 16u, kind == 3), 24u, kind == 1);
    let sum = share(a, shift, (1.0 - part.x) * (1.0 - part.y))
        + share(a + vec2<i32>(1, 0), shift, part.x * (1.0 - part.y))
        + share(a + vec2<i32>(0, 1), shift, (1.0 - part.x) * part.y)
        + share(a + vec2<i32>(1, 1), shift, part.x * part.y);
    let value = sum.x / sum.y;
    let exact = present.voi.z;
    let c = present.voi.x - 0.5 * (1.0 - exact);
    let w = present.voi.y - (1.0 - exact);
    let shown = ((value - c) / w + 0.5) * 255.0;
    let turned = mix(shown, 255.0 - shown, present.view_y.w);
    let grey = clamp(floor(turned + 0.5), 0.0, 255.0) / 255.0;
    // Inside: the four products are 1; a pixel that is padding itself is background.
    let size = vec2<f32>(present.image.xy);
    let inside = step(0.0, x) * step(0.0, y) * (1.0 - step(size.x, x)) * (1.0 - step(size.y, y));
    var own = 1.0;
    if present.padding.z > 0.5 {
        own = share(vec2<i32>(floor(here)), shift, 1.0).y;
    }
    let lit = select(0.0, grey, inside * own > 0.5);
    return vec4<f32>(lit, lit, lit, 1.0);
}
