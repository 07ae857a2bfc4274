#!/bin/sh
# Rooms include themselves and rooms below, never sideways or up; and each
# outside library is known to its own rooms only.
#
# TEST: limit=30

cd "${SRCDIR:-.}" || exit 1

grep -nE '^[ \t]*#[ \t]*include' include/polder/*.h lib/*/*.c lib/*/*.h \
    2>/dev/null | awk '
BEGIN {
    # Rooms by storey.
    split("base 0 par 1 mesh 2 move 3 comm 4 io 4 linalg 4 solve 5 resil 5 work 5 tool 6", w)
    for (i = 1; i in w; i += 2) storey[w[i]] = w[i + 1]
    # Public headers by room; config.h is of no room, all may read it.
    headers["base"] = "api version status log types random digest memory exact box blas"
    headers["par"] = "mpi context reduce reduction timer agree main"
    headers["mesh"] = "grid field measure"
    headers["comm"] = "halo deposit redistribute gather map sample particles"
    headers["linalg"] = "batch vector matrix tall eigen factor"
    headers["io"] = "file series checkpoint"
    for (room in headers) {
        n = split(headers[room], w)
        for (i = 1; i <= n; i++) room_of["polder/" w[i] ".h"] = room
    }
    # Outside libraries by the rooms that may know them.
    outside["mpi.h"] = "par mesh move comm io linalg solve resil work tool"
    outside["hdf5.h"] = "io"
    outside["cblas.h"] = "linalg solve"
}
function breach(text) { print where ": " text; breaches++ }
{
    split($0, part, ":")
    where = part[1] ":" part[2]
    target = $0
    sub(/^[^"<]*["<]/, "", target)
    sub(/[">].*$/, "", target)

    split(part[1], path, "/")
    if (path[1] == "lib") {
        room = path[2]
    } else {
        room = room_of[path[2] "/" path[3]]
        if (room == "" && !(part[1] in told)) {
            told[part[1]] = 1
            breach("this header has no room yet: name it in tests/check_layers.sh")
        }
        if (room == "") next
    }
    if (!(room in storey)) { breach("no such room: " room); next }

    if (target in outside && index(" " outside[target] " ", " " room " ") == 0)
        breach("room " room " may not include <" target ">")
    if (target == "polder.h")
        breach("include what is needed, not all of polder.h")

    goal = ""
    if (target in room_of) {
        goal = room_of[target]
    } else if (target ~ /^polder\// && target != "polder/config.h") {
        breach("no header of this name has a room: " target)
    } else if (target ~ /^[a-z]+\/[a-z_0-9]+\.h$/) {
        split(target, path, "/")
        if (path[1] in storey) goal = path[1]
    }
    if (goal != "" && goal != room && storey[goal] >= storey[room])
        breach("room " room " may not include " target " of room " goal)
}
END {
    if (NR == 0) { print "no includes found: wrong folder?"; exit 1 }
    print NR " includes, " breaches + 0 " breaches"
    exit breaches > 0
}'
