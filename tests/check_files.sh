#!/bin/sh
# Files open in the tools that people have: h5dump, ncdump, and h5py, which also
# follows the XDMF file to the values. And a disk that is too small.
#
# TEST: ranks=2 limit=120

work=${PLD_TEST_TMPDIR:-$(mktemp -d)}
cd "$work" || exit 1
fail() { echo "FAILED: $*"; exit 1; }
have() { command -v "$1" >/dev/null || { echo "not tried: there is no $1"; return 1; }; }

tests="build/examples/ex06_file build/tests/test_series build/tests/test_vtk build/tests/test_small_disk"
$MAKE -s -C "$BUILDDIR" $tests >make.log 2>&1 ||
    { echo "the programs that write the files cannot be built here"; exit 77; }
run() { $MPIEXEC $MPIEXEC_FLAGS -n 2 "$@" >run.log 2>&1 || { cat run.log; fail "$1"; }; }
run "$BUILD/examples/ex06_file" height.h5
run "$BUILD/tests/test_series"
tried=

# --- A field with its coordinates ---------------------------------------------
if have h5dump; then
    tried="$tried h5dump"
    h5dump -d height -s 7,19,28 -c 1,1,2 height.h5 >h5dump.log || fail "h5dump height.h5"
    grep -F '(7,19,28): 685.429, 685.571' h5dump.log >/dev/null ||
        { cat h5dump.log; fail "h5dump shows other values"; }
fi
if have ncdump; then
    tried="$tried ncdump"
    ncdump -v x height.h5 >ncdump.log || fail "ncdump height.h5"
    for line in 'z = 8 ;' 'double height(z, y, x) ;' 'height:units = "m" ;' \
        'x:axis = "X" ;' ':Conventions = "CF-1.10" ;' ' x = 0.25, 0.75, 1.25,'; do
        grep -F "$line" ncdump.log >/dev/null || { cat ncdump.log; fail "ncdump does not show: $line"; }
    done
    ncdump xdmf.h5 >ncdump.log || fail "ncdump xdmf.h5"
    for line in 'time = UNLIMITED ; // (3 currently)' 'double h(time, y, x) ;' \
        'double v(time, y_node, x_node, component) ;' ' time = 0, 0.25, 0.5 ;' \
        'time:units = "s" ;'; do
        grep -F "$line" ncdump.log >/dev/null || { cat ncdump.log; fail "ncdump does not show: $line"; }
    done
fi

# --- An image for VTK ------------------------------------------------------------
run "$BUILD/tests/test_vtk"
cat >image.py <<'END'
import vtk

reader = vtk.vtkHDFReader()
assert reader.CanReadFile("image.vtkhdf")
reader.SetFileName("image.vtkhdf")
reader.Update()
image = reader.GetOutput()
assert image.GetDimensions() == (6, 5, 4)
assert image.GetOrigin() == (0.5, -0.75, 11) and image.GetSpacing() == (1, 0.5, 2)
height = image.GetPointData().GetArray("height")
wind = image.GetPointData().GetArray("wind")
for z in range(4):
    for y in range(5):
        for x in range(6):
            point = (z * 5 + y) * 6 + x
            assert height.GetTuple(point) == (z * 100 + y * 10 + x,)
            assert wind.GetTuple(point) == (x, y + 1000, z + 2000)
END
# Debian's VTK belongs to the system's Python.
if /usr/bin/python3 -c 'import vtk' 2>/dev/null; then
    tried="$tried vtk"
    /usr/bin/python3 image.py || fail "VTK reads another image"
else
    echo "not tried: there is no VTK for python3"
fi

# --- A series, by way of its XDMF file ----------------------------------------
cat >look.py <<'END'
import math
import xml.etree.ElementTree as ET
import h5py

with h5py.File("height.h5", "r") as f:
    u = f["height"]
    assert u.shape == (8, 20, 30) and u.dtype == "<f8", u
    assert [list(d.keys()) for d in u.dims] == [["z"], ["y"], ["x"]]
    assert u[3, 4, 5] == ((3 * 20 + 4) * 30 + 5) / 7
    assert f["z"][1] == 15 and f["y"][0] == 0.25

def look(attribute, step):
    item = attribute.find("DataItem")
    slab, data = item.findall("DataItem")
    numbers = [int(word) for word in slab.text.split()]
    n = len(numbers) // 3
    start, stride, count = numbers[:n], numbers[n:2 * n], numbers[2 * n:]
    path, name = data.text.split(":/")
    with h5py.File(path, "r") as f:
        variable = f[name]
        assert list(variable.shape) == [int(n) for n in data.get("Dimensions").split()]
        assert variable.dtype.itemsize == int(data.get("Precision"))
        part = variable[tuple(slice(s, s + n) for s, n in zip(start, count))]
    assert start[0] == step and set(stride) == {1}
    assert part.size == math.prod(int(n) for n in item.get("Dimensions").split())
    field = {"h": 0, "v": 1, "count": 2}[name]
    comp = start[3] if name == "v" else 0
    assert part.flat[0] == 1 + 100 * step + field + comp, (name, step, part.flat[0])
    return attribute.get("Name")

names = set()
for mesh in ET.parse("xdmf.h5.xdmf").findall("Domain/Grid"):
    steps = mesh.findall("Grid")
    assert [float(step.find("Time").get("Value")) for step in steps] == [0, 0.25, 0.5]
    for number, step in enumerate(steps):
        names.update(look(attribute, number) for attribute in step.findall("Attribute"))
assert names == {"h", "v_0", "v_1", "count"}, names
END
for python in python3 /usr/bin/python3; do
    "$python" -c 'import h5py' 2>/dev/null || continue
    tried="$tried h5py"
    "$python" look.py || fail "h5py and the XDMF file"
    break
done
case $tried in *h5py*) ;; *) echo "not tried: there is no h5py" ;; esac

# --- A disk that is too small ---------------------------------------------------
mkdir disk
if unshare -m mount -t tmpfs -o size=8m none disk 2>/dev/null; then
    tried="$tried disk"
    export PLD_TEST_SMALL_DISK="$work/disk"
    unshare -m sh -c 'mount -t tmpfs -o size=8m none disk &&
        exec "$@"' sh $MPIEXEC $MPIEXEC_FLAGS -n 2 "$BUILD/tests/test_small_disk" \
        >disk.log 2>&1 || { cat disk.log; fail "on a small disk"; }
else
    echo "not tried: a small disk cannot be mounted here"
fi

test -n "$tried" || { echo "no tool is here to try the files with"; exit 77; }
echo "tried:$tried"
