# Polder's build: this file, and the config.mk that configure makes.
# Sources are found by their place, nobody lists them:
#   lib/ROOM/*.c              the library
#   tests/test_*.c            unit tests, each linked with tests/support/*.c, and with
#                             tests/posix/*.c if it includes "posix/..."
#   tests/check_*.sh          tests of everything else
#   examples/exNN_*.c         programs of one file; examples/NAME/*.c of several
#   benchmarks/bench_*.c      each linked with benchmarks/support/*.c
#   benchmarks/peers/peer_LIBRARY_*.c   likewise: the same work done by others

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

B := build
srcdir := .
goals := $(or $(MAKECMDGOALS),all)
no_config := deps deps-all help clean distclean style check-style check-layers
ifneq ($(filter-out $(no_config),$(goals)),)
include config.mk
endif
Q := $(if $(V),,@)

# All cores unless -j says otherwise; goals that undo others one by one.
cores := $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(cores)
endif
ifneq ($(filter clean distclean uninstall style,$(goals)),)
.NOTPARALLEL:
endif

# Everything here runs on this machine alone. mpiexec refuses to work for root,
# as in containers, and to start more ranks than cores, unless told: one name for
# Open MPI 4, one for 5. Networks only cost start-up time and warnings: to look
# for them takes Open MPI longer than all the rest of a start.
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1
export PRTE_ALLOW_RUN_AS_ROOT := 1
export PRTE_ALLOW_RUN_AS_ROOT_CONFIRM := 1
export OMPI_MCA_rmaps_base_oversubscribe := 1
export PRTE_MCA_rmaps_default_mapping_policy := :oversubscribe
export OMPI_MCA_btl ?= ^tcp,uct,openib,ofi
export OMPI_MCA_pml ?= ob1

# --- Configure by itself -----------------------------------------------------
# config.mk is made before any goal, so on a bare machine `make deps check`
# works only because config.mk itself waits for deps. Do not declare configure
# phony: make takes it and ./configure for one file and would never end.

wait_for_deps := $(filter deps deps-all,$(goals))

$(srcdir)/configure: $(srcdir)/configure.ac $(wildcard $(srcdir)/m4/*.m4) \
		$(srcdir)/include/polder/version.h | $(wait_for_deps)
	cd $(srcdir) && autoconf && touch configure

config.mk: $(srcdir)/configure $(wildcard $(srcdir)/m4/*.in) | $(wait_for_deps)
	if test -x config.status; then ./config.status --recheck && \
	./config.status; else $(srcdir)/configure; fi

config_header := $(B)/include/polder/config.h
$(config_header):
	./config.status $@

# --- What there is to build --------------------------------------------------

sources = $(patsubst $(srcdir)/%,%,$(wildcard $(addprefix $(srcdir)/,$(1))))
objects = $(patsubst %.c,$(B)/%.o,$(1))
is_named = $(strip $(foreach t,$(T),$(findstring $(t),$(notdir $(basename $(1))))))
named = $(strip $(if $(T),$(foreach f,$(1),$(if $(call is_named,$(f)),$(f))),$(1)))

# Without HDF5 there is no room io, and nothing that uses it.
ifneq ($(HAVE_HDF5),yes)
unusable := $(call sources,lib/io/*.c) $(shell cd $(srcdir) && \
	grep -lE 'pld_(file|series|checkpoint)_|"io/' tests/*.c examples/*.c benchmarks/*.c benchmarks/support/*.c 2>/dev/null; \
	grep -lE 'pld_(file|series|checkpoint)_' examples/*/*.c 2>/dev/null | xargs -r dirname)
endif

# Likewise dense algebra without a BLAS, but for vectors and small matrices.
ifneq ($(HAVE_CBLAS),yes)
plain := $(filter-out %/batch_blas.c,$(call sources,$(addprefix lib/linalg/,batch*.c \
	strip*.c vector*.c walk.c)))
unusable += $(filter-out $(plain),$(call sources,lib/linalg/*.c)) \
	$(filter-out tests/test_batch.c,$(shell cd $(srcdir) && grep -lE \
	'<cblas.h>|"linalg/|"?polder/(matrix|tall|eigen|factor).h"|pld_(matrix|product|cholesky|lu|tall|eigen)_' \
	tests/*.c tests/support/*.c examples/*.c benchmarks/*.c 2>/dev/null))
endif

lib_objects := $(call objects,$(filter-out $(unusable) lib/tool/%,$(call sources,lib/*/*.c)))
tool := $(if $(filter yes,$(HAVE_HDF5)),$(B)/polder-file)
headers := $(call sources,include/polder.h include/polder/*.h)
test_support := $(call objects,$(filter-out $(unusable),$(call sources,tests/support/*.c)))
bench_support := $(call objects,$(filter-out $(unusable),$(call sources,benchmarks/support/*.c)))

ifeq ($(HAVE_CMOCKA),yes)
unit_tests := $(filter-out $(unusable),$(call sources,tests/test_*.c))
endif
examples := $(filter-out $(unusable),$(call sources,examples/*.c))
folders := $(sort $(patsubst %/,%,$(dir $(call sources,examples/*/*.c))))
folders := $(filter-out $(unusable),$(folders))
benches := $(filter-out $(unusable),$(call sources,benchmarks/bench_*.c))
peers := $(call sources,benchmarks/peers/peer_*.c)
ifneq ($(HAVE_PETSC),yes)
peers := $(filter-out benchmarks/peers/peer_petsc_%,$(peers))
endif
ifneq ($(HAVE_FFTW),yes)
peers := $(filter-out benchmarks/peers/peer_fftw_%,$(peers))
endif
ifneq ($(HAVE_SCALAPACK)$(HAVE_CBLAS),yesyes)
peers := $(filter-out benchmarks/peers/peer_scalapack_%,$(peers))
endif

program = $(foreach f,$(1),$(B)/$(if $(filter %.c,$(f)),$(basename $(f)),$(f)/$(notdir $(f))))
checked := $(call named,$(unit_tests) $(examples) $(folders))
check_scripts := $(call named,$(call sources,tests/check_*.sh))

soname := libpolder.so.$(firstword $(subst ., ,$(VERSION)))
libraries := $(B)/libpolder.a $(B)/libpolder.so.$(VERSION)

.PHONY: all programs
## make                      build the library, static and shared
all: $(libraries) $(tool)
## make programs             build every test, example and benchmark
programs: $(call program,$(unit_tests) $(examples) $(folders) $(benches))

# --- Compiling ---------------------------------------------------------------

user_flags = -std=gnu11 $(MATH_FLAGS) $(USER_FLAGS) -Wall -Wextra \
	-I$(B)/include -I$(srcdir)/include
lib_flags = -std=c11 -D_POSIX_C_SOURCE=200809L $(if $(filter yes,$(DEBUG)),-DPLD_DEBUG) \
	$(MATH_FLAGS) $(WARN_FLAGS) $(MACRO_FLAGS) -I$(B)/include -I$(srcdir)/include \
	-Ilib -I$(srcdir)/lib $(XXHASH_CFLAGS) $(HDF5_CFLAGS) $(BLAS_CFLAGS)
libs = $(HDF5_LIBS) $(LAPACK_LIBS) $(BLAS_LIBS) $(XXHASH_LIBS) $(LIBS) -lm

$(B)/lib/%.o: flags = $(lib_flags) -fPIC -fvisibility=hidden
$(B)/lib/tool/%.o: flags = $(lib_flags)
$(B)/tests/%.o: flags = $(lib_flags) -I$(srcdir)/tests $(CMOCKA_CFLAGS)
$(B)/examples/%.o: flags = $(user_flags)
$(B)/benchmarks/%.o: flags = $(user_flags) -I$(srcdir)/benchmarks $(HDF5_CFLAGS) $(BLAS_CFLAGS)
$(B)/benchmarks/peers/%.o: flags = $(user_flags) -I$(srcdir)/benchmarks $(BLAS_CFLAGS) \
	$(PETSC_CFLAGS) $(FFTW_CFLAGS) $(PNETCDF_CFLAGS) $(NETCDF_CFLAGS)

$(B)/%.o: $(srcdir)/%.c config.mk | $(config_header)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC    $*.c")
	$(Q)$(CC) $(flags) $(INSTRUMENT_FLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/libpolder.a: $(lib_objects)
	$(if $(Q),@echo "  AR    $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^

link = $(CC) $(CFLAGS) $(INSTRUMENT_FLAGS) $(LDFLAGS) -o $@

$(B)/libpolder.so.$(VERSION): $(lib_objects)
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(link) -shared -Wl,-soname,$(soname) $(SHLIB_FLAGS) $^ $(libs)
	$(Q)ln -sf $(@F) $(B)/$(soname) && ln -sf $(soname) $(B)/libpolder.so

define link_program
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(link) $(filter %.o %.a,$^) $(program_libs) $(libs)
endef

$(B)/polder-file: $(call objects,$(call sources,lib/tool/*.c)) $(B)/libpolder.a
	$(link_program)
$(call program,$(unit_tests)): program_libs = $(CMOCKA_LIBS)
$(call program,$(unit_tests)): %: %.o $(test_support) $(B)/libpolder.a
	$(link_program)
# These stand in for the C library's calls, also for those of other libraries.
posix_tests := $(shell cd $(srcdir) && grep -l '"posix/' tests/test_*.c)
$(call program,$(posix_tests)): LDFLAGS += -rdynamic
$(call program,$(posix_tests)): $(call objects,$(call sources,tests/posix/*.c))
$(call program,$(examples)): %: %.o $(B)/libpolder.a
	$(link_program)
$(call program,$(peers)): program_libs = $(PETSC_LIBS) $(FFTW_LIBS) $(SCALAPACK_LIBS) \
	$(PNETCDF_LIBS) $(NETCDF_LIBS)
$(call program,$(benches) $(peers)): %: %.o $(bench_support) $(B)/libpolder.a
	$(link_program)

define folder_rule
$(call program,$(1)): $(call objects,$(call sources,$(1)/*.c)) $(B)/libpolder.a
	$$(link_program)
endef
$(foreach f,$(folders),$(eval $(call folder_rule,$(f))))

# Without it MPICH needs minutes where there are fewer free cores than ranks.
ifeq ($(MPI_FLAVOUR)$(INSTRUMENT_FLAGS),mpich)
preload := $(B)/tests/preload/mpich_yield.so
$(preload): %.so: %.o
	$(Q)$(link) -shared $^ -ldl
$(preload:.so=.o): CFLAGS += -fPIC
endif

-include $(shell find $(addprefix $(B)/,lib tests examples benchmarks) -name '*.d' 2>/dev/null)

# --- Running -----------------------------------------------------------------

settings = CC='$(CC)' NM='$(NM)' PKG_CONFIG='$(PKG_CONFIG)' MAKE='$(MAKE)' \
	MPI_FLAVOUR='$(MPI_FLAVOUR)' MPIEXEC='$(MPIEXEC)' MPIEXEC_FLAGS='$(MPIEXEC_FLAGS)' \
	INSTRUMENT_FLAGS='$(INSTRUMENT_FLAGS)' PRIVATE_FLAGS='$(HDF5_CFLAGS) $(BLAS_CFLAGS)' VERSION='$(VERSION)' \
	PRELOAD='$(abspath $(preload))' \
	SRCDIR='$(abspath $(srcdir))' BUILDDIR='$(CURDIR)' BUILD='$(CURDIR)/$(B)'

.PHONY: check installcheck bench bench-peers demo
## make check [T=name]       run every test and every example, or those named so
check: $(if $(check_scripts),all) $(call program,$(checked)) $(preload)
	@$(settings) $(srcdir)/tests/run \
	$(if $(filter yes,$(HAVE_CMOCKA)),,"skip=unit tests=there is no CMocka") \
	$(foreach f,$(checked),$(call program,$(f))=$(srcdir)/$(f)) \
	$(foreach f,$(check_scripts),$(srcdir)/$(f)=$(srcdir)/$(f))

## make check-layers      rooms; likewise -symbols -headers -install -flavour -readme
check-symbols check-install check-readme: all
check-headers check-flavour: | $(config_header)
check-%: $(srcdir)/tests/check_%.sh
	@$(settings) $<

## make bench [T=name]       run the benchmarks, two ranks on two cores
## make bench-peers          run ours beside the same work done by others: PETSc, FFTW, PnetCDF, ...
bench: all $(call program,$(call named,$(benches)))
bench-peers: all $(call program,$(call named,$(peers)))
bench bench-peers:
	$(if $(filter $(HAVE_PETSC)$@,nobench-peers),$(info $(no_petsc)))
	$(if $(filter $(HAVE_FFTW)$@,nobench-peers),$(info $(no_fftw)))
	$(if $(filter $(HAVE_PNETCDF)$@,nobench-peers),$(info $(no_pnetcdf)))
	$(if $(filter $(HAVE_NETCDF)$@,nobench-peers),$(info $(no_netcdf)))
	$(if $(filter $(HAVE_SCALAPACK)$@,nobench-peers),$(info $(no_scalapack)))
	@for program in $(filter-out all,$^); do \
		OPENBLAS_NUM_THREADS=1 $(blas_kernels) \
		$(MPIEXEC) $(MPIEXEC_FLAGS) -n 2 --bind-to core $$program || exit 1; done

define no_petsc
Not compared with PETSc: configure found none that has real numbers in double
precision and the MPI of $(CC). On Debian and Ubuntu there is one for Open MPI:
  apt-get install --no-install-recommends libpetsc-real-dev
Then run configure again.
endef

define no_fftw
Not compared with FFTW: configure found none for the MPI of $(CC). On Debian and
Ubuntu there is one for Open MPI:
  apt-get install --no-install-recommends libfftw3-dev libfftw3-mpi-dev
Then run configure again.
endef

define no_pnetcdf
Not compared with PnetCDF: configure found none for the MPI of $(CC). On Debian
and Ubuntu there is one for Open MPI:
  apt-get install --no-install-recommends libpnetcdf-dev
Then run configure again.
endef

define no_netcdf
Not compared with netCDF-4: configure found none for the MPI of $(CC). On Debian
and Ubuntu there is one for Open MPI:
  apt-get install --no-install-recommends libnetcdf-mpi-dev
Then run configure again.
endef

define no_scalapack
Not compared with ScaLAPACK: configure found none for the MPI of $(CC). On
Debian and Ubuntu there is one for Open MPI:
  apt-get install --no-install-recommends libscalapack-openmpi-dev
Then run configure again.
endef

# OpenBLAS before 0.3.22 does not know newer Intel cores and takes its slowest
# kernels for them; the name is read when the library loads.
blas_kernels = $(if $(OPENBLAS_CORETYPE),,$(shell \
	grep -qm1 avx512f /proc/cpuinfo 2>/dev/null && echo OPENBLAS_CORETYPE=SkylakeX || \
	{ grep -qm1 avx2 /proc/cpuinfo 2>/dev/null && echo OPENBLAS_CORETYPE=Haswell; }))

## make fuzz [SECONDS=60]    feed exact sums with whatever breaks them; needs clang
SECONDS := 60
.PHONY: fuzz
fuzz: | $(config_header)
	@command -v clang >/dev/null || { echo 'there is no clang: nothing fuzzed'; exit 77; }
	@mkdir -p $(B)/fuzz/corpus
	clang $(filter-out -fno-math-errno,$(lib_flags)) -O1 -g -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=undefined -o $(B)/fuzz/exact $(srcdir)/tests/fuzz_exact.c \
		$(wildcard $(srcdir)/lib/base/exact*.c) $(addprefix $(srcdir)/lib/base/,status.c types.c) -lm
	cd $(B)/fuzz && ./exact -max_total_time=$(SECONDS) -max_len=2048 -len_control=0 \
		-print_final_stats=1 corpus

## make demo [DATA=folder]   run the tsunami simulation on all cores
demo: all $(call program,$(filter %/tsunami,$(folders)))
	$(if $(filter %/tsunami,$(folders)),,$(error The demo needs HDF5: configure with it))
	@$(settings) DATA='$(abspath $(DATA))' CORES=$(cores) $(srcdir)/examples/tsunami/demo.sh

# --- Installing --------------------------------------------------------------

INSTALL ?= install
cmakedir = $(libdir)/cmake/Polder
relative = $(patsubst $(prefix)/%,$(2)/%,$(1))
up_from = $(shell realpath -m --relative-to='$(1)' '$(prefix)' 2>/dev/null || echo ../..)
pcs = $(HDF5_PC) $(BLAS_PC) $(XXHASH_PC)
no_pcs = $(if $(HDF5_PC),,$(HDF5_LIBS)) $(LAPACK_LIBS) $(if $(BLAS_PC),,$(BLAS_LIBS)) \
	$(if $(XXHASH_PC),,$(XXHASH_LIBS)) $(LIBS) -lm
# fill TEMPLATE, PREFIX AS WRITTEN THERE, FOLDER IT GOES TO
fill = sed -e 's|@version@|$(VERSION)|g' -e 's|@soname@|$(soname)|' \
	-e 's|@mpi_name@|$(MPI_NAME)|' -e 's|@mpi_pc@|$(MPI_PC)|' \
	-e 's|@private_pcs@|$(strip $(pcs))|' -e 's|@private_libs@|$(strip $(no_pcs))|' \
	-e 's|@to_prefix@|$(call up_from,$(3))|' \
	-e 's|@libdir@|$(call relative,$(libdir),$(2))|' \
	-e 's|@includedir@|$(call relative,$(includedir),$(2))|' $(srcdir)/m4/$(1).in

installed = $(addprefix $(includedir)/,$(headers:include/%=%) polder/config.h) \
	$(addprefix $(libdir)/,libpolder.a libpolder.so $(soname) libpolder.so.$(VERSION) pkgconfig/polder.pc) \
	$(addprefix $(cmakedir)/,PolderConfig.cmake PolderConfigVersion.cmake) \
	$(if $(tool),$(bindir)/polder-file $(mandir)/man1/polder-file.1)

.PHONY: install uninstall
## make install              DESTDIR=, prefix= and the like are heeded
install: all
	$(INSTALL) -d $(addprefix $(DESTDIR),$(includedir)/polder $(libdir)/pkgconfig $(cmakedir))
	$(INSTALL) -m 644 $(srcdir)/include/polder.h $(DESTDIR)$(includedir)
	$(INSTALL) -m 644 $(addprefix $(srcdir)/,$(filter include/polder/%,$(headers))) \
		$(config_header) $(DESTDIR)$(includedir)/polder
	$(INSTALL) -m 644 $(B)/libpolder.a $(DESTDIR)$(libdir)
	$(INSTALL) -m 755 $(B)/libpolder.so.$(VERSION) $(DESTDIR)$(libdir)
	ln -sf libpolder.so.$(VERSION) $(DESTDIR)$(libdir)/$(soname)
	ln -sf $(soname) $(DESTDIR)$(libdir)/libpolder.so
	$(if $(tool),$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1 && \
	$(INSTALL) -m 755 $(tool) $(DESTDIR)$(bindir) && \
	$(INSTALL) -m 644 $(srcdir)/doc/polder-file.1 $(DESTDIR)$(mandir)/man1)
	$(call fill,polder.pc,$${prefix},$(libdir)/pkgconfig) >$(DESTDIR)$(libdir)/pkgconfig/polder.pc
	$(call fill,PolderConfig.cmake,$${_polder_prefix},$(cmakedir)) >$(DESTDIR)$(cmakedir)/PolderConfig.cmake
	$(call fill,PolderConfigVersion.cmake,,$(cmakedir)) >$(DESTDIR)$(cmakedir)/PolderConfigVersion.cmake

## make uninstall            remove what install put there
uninstall:
	rm -f $(addprefix $(DESTDIR),$(installed))
	-rmdir $(addprefix $(DESTDIR),$(includedir)/polder $(cmakedir) $(libdir)/cmake \
		$(libdir)/pkgconfig) 2>/dev/null

## make installcheck         use the installed copy from outside of the tree
installcheck:
	@$(settings) INSTALLED='$(DESTDIR)$(prefix)' $(srcdir)/tests/check_install.sh

# --- Passing on --------------------------------------------------------------

name := polder-$(VERSION)

.PHONY: dist distcheck
## make dist                 polder-VERSION.tar.gz, with configure
dist: $(srcdir)/configure
	rm -rf $(B)/dist && mkdir -p $(B)/dist/$(name)
	(cd $(srcdir) && { git ls-files; echo configure; } | grep -v '^\.git' | \
		tar -cf - -T -) | tar -xf - -C $(B)/dist/$(name)
	touch $(B)/dist/$(name)/configure
	tar -czf $(name).tar.gz --owner=0 --group=0 -C $(B)/dist $(name)
	rm -rf $(B)/dist

## make distcheck [T=name]   build, check, install, uninstall from that file
distcheck: dist
	$(srcdir)/.ci/distcheck $(CURDIR)/$(name).tar.gz $(CURDIR)/$(B)/distcheck \
		'CC=$(CC)' '$(T)'

# --- Looking after the source ------------------------------------------------

c_files = $(call sources,include/*.h include/*/*.h lib/*/*.[ch] tests/*.[ch] tests/*/*.[ch] examples/*.[ch] \
	examples/*/*.[ch] benchmarks/*.[ch] benchmarks/*/*.[ch])
clang_format = clang-format --style=file

.PHONY: style check-style tidy docs clean distclean help deps deps-all
## make style, check-style   let clang-format lay out the source, or only look
style:
	cd $(srcdir) && $(clang_format) -i $(c_files)
check-style:
	cd $(srcdir) && $(clang_format) --dry-run -Werror $(c_files)

## make tidy                 clang-tidy over the library
tidy: all
	clang-tidy --quiet $(addprefix $(srcdir)/,$(filter lib/%.c,$(c_files))) -- $(lib_flags) \
		$(patsubst -I%,-isystem%,$(filter -I%,$(shell $(CC) -show)))

## make docs                 the public headers as HTML in build/docs
docs: config.mk
	@mkdir -p $(B)/docs
	sed -e 's|@version@|$(VERSION)|' -e 's|@srcdir@|$(srcdir)|g' -e 's|@build@|$(B)|' \
		$(srcdir)/doc/Doxyfile.in | doxygen -

## make print-NAME           value of a variable of this file
print-%: ; @echo '$*=$($*)'

## make deps                 install what is needed on Debian or Ubuntu, or say what
## make deps-all             the same, with the other MPI and the developers' tools
deps: ; @$(srcdir)/.ci/deps
deps-all: ; @$(srcdir)/.ci/deps all

## make clean, distclean     forget what was built, and what configure made
clean:
	rm -rf $(B)
distclean:
	rm -rf $(B) config.mk config.log config.status lib/config.h $(srcdir)/autom4te.cache $(srcdir)/configure~

help:
	@sed -n 's/^## //p' $(srcdir)/Makefile
	@echo 'V=1 shows the commands; ./configure --help the switches.'
