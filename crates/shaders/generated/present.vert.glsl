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
layout(std140) uniform Present_block_0Vertex { Present _group_0_binding_0_vs; };

smooth out vec2 _vs2fs_location0;

float stored(uint bits) {
    int kind = _group_0_binding_0_vs.image.z;
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
    float _e4 = _group_0_binding_0_vs.padding.z;
    if ((_e4 > 0.5)) {
        float _e12 = _group_0_binding_0_vs.padding.x;
        local_3 = (value_1 >= _e12);
    } else {
        local_3 = false;
    }
    bool _e15 = local_3;
    if (_e15) {
        float _e21 = _group_0_binding_0_vs.padding.y;
        local_4 = (value_1 <= _e21);
    } else {
        local_4 = false;
    }
    bool _e24 = local_4;
    return _e24;
}

float to_display(float y) {
    float value_3 = 0.0;
    value_3 = y;
    float _e5 = _group_0_binding_0_vs.view_y.w;
    if ((_e5 > 0.5)) {
        value_3 = (255.0 - y);
    }
    float _e10 = value_3;
    return (clamp(floor((_e10 + 0.5)), 0.0, 255.0) / 255.0);
}

void main() {
    uint index = uint(gl_VertexID);
    Corner corner = Corner(vec4(0.0), vec2(0.0));
    float x_1 = float(((index << 1u) & 2u));
    float y_1 = float((index & 2u));
    corner.position = vec4(((x_1 * 2.0) - 1.0), ((y_1 * 2.0) - 1.0), 0.0, 1.0);
    float _e26 = _group_0_binding_0_vs.modality.z;
    float _e33 = _group_0_binding_0_vs.modality.w;
    corner.out_px = vec2((x_1 * _e26), ((1.0 - y_1) * _e33));
    Corner _e36 = corner;
    gl_Position = _e36.position;
    _vs2fs_location0 = _e36.out_px;
    return;
}

