#version 300 es

precision highp float;
precision highp int;

struct Present {
    vec4 view_x;
    vec4 view_y;
    ivec4 image;
    vec4 modality;
    vec4 voi;
    ivec4 luts;
    vec4 padding;
};
struct Corner {
    vec4 position;
    vec2 out_px;
};
layout(std140) uniform Present_block_0Fragment { Present _group_0_binding_0_fs; };

uniform highp usampler2D _group_0_binding_1_fs;

uniform highp sampler2D _group_0_binding_2_fs;

uniform highp sampler2D _group_0_binding_3_fs;

smooth in vec2 _vs2fs_location0;
layout(location = 0) out vec4 _fs2p_location0;

uvec4 texel(ivec2 at) {
    ivec4 _e3 = _group_0_binding_0_fs.image;
    ivec2 last = (_e3.xy - ivec2(1, 1));
    uvec4 _e15 = texelFetch(_group_0_binding_1_fs, min(max(at, ivec2(0, 0)), last), 0);
    return _e15;
}

float stored(uint bits) {
    int kind = _group_0_binding_0_fs.image.z;
    if ((kind == 1)) {
        return float((int((bits << 24u)) >> 24u));
    }
    if ((kind == 3)) {
        return float((int((bits << 16u)) >> 16u));
    }
    if ((kind == 5)) {
        return float(int(bits));
    }
    if ((kind == 6)) {
        return uintBitsToFloat(bits);
    }
    return float(bits);
}

bool is_padding(float value_1) {
    bool local_3 = false;
    bool local_4 = false;
    float _e4 = _group_0_binding_0_fs.padding.z;
    if ((_e4 > 0.5)) {
        float _e12 = _group_0_binding_0_fs.padding.x;
        local_3 = (value_1 >= _e12);
    } else {
        local_3 = false;
    }
    bool _e15 = local_3;
    if (_e15) {
        float _e21 = _group_0_binding_0_fs.padding.y;
        local_4 = (value_1 <= _e21);
    } else {
        local_4 = false;
    }
    bool _e24 = local_4;
    return _e24;
}

float modality_value(float value_2) {
    int length_ = _group_0_binding_0_fs.luts.y;
    if ((length_ > 0)) {
        int _e11 = _group_0_binding_0_fs.luts.x;
        int k = min(max((int(value_2) - _e11), 0), (length_ - 1));
        vec4 _e24 = texelFetch(_group_0_binding_2_fs, ivec2((k & 1023), (k >> 10u)), 0);
        return _e24.x;
    }
    float _e29 = _group_0_binding_0_fs.modality.x;
    float _e34 = _group_0_binding_0_fs.modality.y;
    return ((value_2 * _e29) + _e34);
}

float voi_value(float x) {
    float c = _group_0_binding_0_fs.voi.x;
    float w = _group_0_binding_0_fs.voi.y;
    float _e12 = _group_0_binding_0_fs.voi.z;
    int function_id = int(_e12);
    if ((function_id == 3)) {
        int _e21 = _group_0_binding_0_fs.luts.z;
        int _e26 = _group_0_binding_0_fs.luts.w;
        int k_1 = min(max((int(floor(x)) - _e21), 0), (_e26 - 1));
        vec4 _e38 = texelFetch(_group_0_binding_3_fs, ivec2((k_1 & 1023), (k_1 >> 10u)), 0);
        float _e45 = _group_0_binding_0_fs.voi.w;
        return ((_e38.x * 255.0) / _e45);
    }
    if ((function_id == 2)) {
        return (255.0 / (1.0 + exp(clamp(((-4.0 * (x - c)) / w), -80.0, 80.0))));
    }
    if ((function_id == 1)) {
        if ((x <= (c - (w / 2.0)))) {
            return 0.0;
        }
        if ((x > (c + (w / 2.0)))) {
            return 255.0;
        }
        return ((((x - c) / w) + 0.5) * 255.0);
    }
    float half_ = ((w - 1.0) / 2.0);
    if ((x <= ((c - 0.5) - half_))) {
        return 0.0;
    }
    if ((x > ((c - 0.5) + half_))) {
        return 255.0;
    }
    return ((((x - (c - 0.5)) / (w - 1.0)) + 0.5) * 255.0);
}

float to_display(float y) {
    float value_3 = 0.0;
    value_3 = y;
    float _e5 = _group_0_binding_0_fs.view_y.w;
    if ((_e5 > 0.5)) {
        value_3 = (255.0 - y);
    }
    float _e10 = value_3;
    return (clamp(floor((_e10 + 0.5)), 0.0, 255.0) / 255.0);
}

vec2 weighted(ivec2 at_1, float weight) {
    bool local_5 = false;
    uvec4 _e2 = texel(at_1);
    float _e4 = stored(_e2.x);
    if (!((weight <= 0.0))) {
        bool _e10 = is_padding(_e4);
        local_5 = _e10;
    } else {
        local_5 = true;
    }
    bool _e12 = local_5;
    if (_e12) {
        return vec2(0.0, 0.0);
    }
    float _e16 = modality_value(_e4);
    return vec2((_e16 * weight), weight);
}

vec2 share(ivec2 at_2, uint shift, float weight_1) {
    uvec4 _e3 = texel(at_2);
    float value_4 = float((int((_e3.x << shift)) >> shift));
    float _e12 = _group_0_binding_0_fs.padding.z;
    float _e16 = _group_0_binding_0_fs.padding.x;
    float _e22 = _group_0_binding_0_fs.padding.y;
    float padded = ((_e12 * step(_e16, value_4)) * step(value_4, _e22));
    float kept = (weight_1 * (1.0 - padded));
    float _e31 = _group_0_binding_0_fs.modality.x;
    float _e36 = _group_0_binding_0_fs.modality.y;
    return vec2((((value_4 * _e31) + _e36) * kept), kept);
}

void main() {
    vec2 out_px = _vs2fs_location0;
    bool local = false;
    bool local_1 = false;
    bool local_2 = false;
    vec3 rgb = vec3(0.0);
    float value = 0.0;
    vec4 background = vec4(0.0, 0.0, 0.0, 1.0);
    float _e9 = _group_0_binding_0_fs.view_x.x;
    float _e15 = _group_0_binding_0_fs.view_x.y;
    float _e22 = _group_0_binding_0_fs.view_x.z;
    float x_1 = (((_e9 * out_px.x) + (_e15 * out_px.y)) + _e22);
    float _e27 = _group_0_binding_0_fs.view_y.x;
    float _e33 = _group_0_binding_0_fs.view_y.y;
    float _e40 = _group_0_binding_0_fs.view_y.z;
    float y_1 = (((_e27 * out_px.x) + (_e33 * out_px.y)) + _e40);
    vec2 here = vec2(x_1, y_1);
    ivec4 _e45 = _group_0_binding_0_fs.image;
    vec2 size = vec2(_e45.xy);
    if (!((x_1 < 0.0))) {
        local = (y_1 < 0.0);
    } else {
        local = true;
    }
    bool _e56 = local;
    if (!(_e56)) {
        local_1 = (x_1 >= size.x);
    } else {
        local_1 = true;
    }
    bool _e63 = local_1;
    if (!(_e63)) {
        local_2 = (y_1 >= size.y);
    } else {
        local_2 = true;
    }
    bool _e70 = local_2;
    if (_e70) {
        _fs2p_location0 = background;
        return;
    }
    ivec2 nearest = ivec2(floor(here));
    float _e76 = _group_0_binding_0_fs.view_x.w;
    bool linear = (_e76 > 0.5);
    vec2 p = (here - vec2(0.5, 0.5));
    vec2 low = floor(p);
    vec2 part = (p - low);
    ivec2 a = ivec2(low);
    ivec2 b = (a + ivec2(1, 0));
    ivec2 c_1 = (a + ivec2(0, 1));
    ivec2 d = (a + ivec2(1, 1));
    float wa = ((1.0 - part.x) * (1.0 - part.y));
    float wb = (part.x * (1.0 - part.y));
    float wc = ((1.0 - part.x) * part.y);
    float wd = (part.x * part.y);
    int _e121 = _group_0_binding_0_fs.image.z;
    if ((_e121 == 7)) {
        uvec4 _e124 = texel(nearest);
        rgb = vec3(_e124.xyz);
        if (linear) {
            uvec4 _e128 = texel(a);
            uvec4 _e132 = texel(b);
            uvec4 _e137 = texel(c_1);
            uvec4 _e142 = texel(d);
            rgb = ((((vec3(_e128.xyz) * wa) + (vec3(_e132.xyz) * wb)) + (vec3(_e137.xyz) * wc)) + (vec3(_e142.xyz) * wd));
        }
        float _e148 = rgb.x;
        float _e149 = to_display(_e148);
        float _e151 = rgb.y;
        float _e152 = to_display(_e151);
        float _e154 = rgb.z;
        float _e155 = to_display(_e154);
        _fs2p_location0 = vec4(_e149, _e152, _e155, 1.0);
        return;
    }
    uvec4 _e158 = texel(nearest);
    float _e160 = stored(_e158.x);
    bool _e161 = is_padding(_e160);
    if (_e161) {
        _fs2p_location0 = background;
        return;
    }
    float _e162 = modality_value(_e160);
    value = _e162;
    if (linear) {
        vec2 _e164 = weighted(a, wa);
        vec2 _e165 = weighted(b, wb);
        vec2 _e167 = weighted(c_1, wc);
        vec2 _e169 = weighted(d, wd);
        vec2 sum = (((_e164 + _e165) + _e167) + _e169);
        value = (sum.x / sum.y);
    }
    float _e174 = value;
    float _e175 = voi_value(_e174);
    float _e176 = to_display(_e175);
    _fs2p_location0 = vec4(_e176, _e176, _e176, 1.0);
    return;
}

