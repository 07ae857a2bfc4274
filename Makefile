# Polder's build: this file, and the config.mk that configure makes.
# Sources are found by their place, nobody lists them:
#   lib/ROOM/*.c              the library
#   tests/test_*.c            unit tests, each linked with tests/support/*.c
#   tests/check_*.sh          tests of everything else
#   examples/exNN_*.c         programs of one file; examples/NAME/*.c of several
#   benchmarks/bench_*.c      each linked with benchmarks/support/*.c
#   benchmarks/peers/*.c      the same work done by others

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

# mpiexec refuses to work for root, as in containers, and to start more ranks
# than cores, unless told; one name for Open MPI 4, one for 5.
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1
export PRTE_ALLOW_RUN_AS_ROOT := 1
export PRTE_ALLOW_RUN_AS_ROOT_CONFIRM := 1
export OMPI_MCA_rmaps_base_oversubscribe := 1
export PRTE_MCA_rmaps_default_mapping_policy := :oversubscribe

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

# --- What there is to build --------------------------------------------------

sources = $(patsubst $(srcdir)/%,%,$(wildcard $(addprefix $(srcdir)/,$(1))))
objects = $(patsubst %.c,$(B)/%.o,$(1))
named = $(if $(T),$(foreach f,$(1),$(if $(findstring $(T),$(notdir $(basename $(f)))),$(f))),$(1))

# Without HDF5 there is no room io, and nothing that uses it.
ifneq ($(HAVE_HDF5),yes)
io_users := $(shell cd $(srcdir) && grep -lE 'pld_(file|series)_|"io/' \
	tests/*.c examples/*.c examples/*/*.c benchmarks/*.c 2>/dev/null)
io_users += $(call sources,lib/io/*.c) $(sort $(patsubst %/,%,$(dir \
	$(filter-out $(wildcard tests/*.c examples/*.c benchmarks/*.c),$(io_users)))))
endif

lib_objects := $(call objects,$(filter-out $(io_users),$(call sources,lib/*/*.c)))
headers := $(filter-out include/polder/config.h,$(call sources,include/polder.h include/polder/*.h))
test_support := $(call objects,$(call sources,tests/support/*.c))
bench_support := $(call objects,$(call sources,benchmarks/support/*.c))

ifeq ($(HAVE_CMOCKA),yes)
unit_tests := $(filter-out $(io_users),$(call sources,tests/test_*.c))
endif
examples := $(filter-out $(io_users),$(call sources,examples/*.c))
folders := $(sort $(patsubst %/,%,$(dir $(call sources,examples/*/*.c))))
folders := $(filter-out $(io_users),$(folders))
benches := $(filter-out $(io_users),$(call sources,benchmarks/bench_*.c))
peers := $(call sources,benchmarks/peers/*.c)

program = $(foreach f,$(1),$(B)/$(if $(filter %.c,$(f)),$(basename $(f)),$(f)/$(notdir $(f))))
checked := $(call named,$(unit_tests) $(examples) $(folders))
check_scripts := $(call named,$(call sources,tests/check_*.sh))

soname := libpolder.so.$(firstword $(subst ., ,$(VERSION)))
libraries := $(B)/libpolder.a $(B)/libpolder.so.$(VERSION)

.PHONY: all programs
## make                      build the library, static and shared
all: $(libraries)
## make programs             build every test, example and benchmark
programs: $(call program,$(unit_tests) $(examples) $(folders) $(benches))

# --- Compiling ---------------------------------------------------------------

user_flags = -std=gnu11 $(MATH_FLAGS) $(USER_FLAGS) -Wall -Wextra \
	-Iinclude -I$(srcdir)/include
lib_flags = -std=c11 -D_POSIX_C_SOURCE=200809L $(if $(filter yes,$(DEBUG)),-DPLD_DEBUG) \
	$(MATH_FLAGS) $(WARN_FLAGS) $(MACRO_FLAGS) -Iinclude -I$(srcdir)/include \
	-Ilib -I$(srcdir)/lib $(XXHASH_CFLAGS) $(HDF5_CFLAGS) $(BLAS_CFLAGS)
libs = $(HDF5_LIBS) $(BLAS_LIBS) $(XXHASH_LIBS) $(LIBS) -lm

$(B)/lib/%.o: flags = $(lib_flags) -fPIC -fvisibility=hidden
$(B)/tests/%.o: flags = $(lib_flags) -I$(srcdir)/tests $(CMOCKA_CFLAGS)
$(B)/examples/%.o: flags = $(user_flags)
$(B)/benchmarks/%.o: flags = $(user_flags) -I$(srcdir)/benchmarks $(HDF5_CFLAGS) $(BLAS_CFLAGS)

$(B)/%.o: $(srcdir)/%.c config.mk
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

$(call program,$(unit_tests)): program_libs = $(CMOCKA_LIBS)
$(call program,$(unit_tests)): %: %.o $(test_support) $(B)/libpolder.a
	$(link_program)
$(call program,$(examples)): %: %.o $(B)/libpolder.a
	$(link_program)
$(call program,$(benches)): %: %.o $(bench_support) $(B)/libpolder.a
	$(link_program)

define folder_rule
$(call program,$(1)): $(call objects,$(call sources,$(1)/*.c)) $(B)/libpolder.a
	$$(link_program)
endef
$(foreach f,$(folders),$(eval $(call folder_rule,$(f))))

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# --- Running -----------------------------------------------------------------

settings = CC='$(CC)' NM='$(NM)' PKG_CONFIG='$(PKG_CONFIG)' MAKE='$(MAKE)' \
	MPI_FLAVOUR='$(MPI_FLAVOUR)' MPIEXEC='$(MPIEXEC)' MPIEXEC_FLAGS='$(MPIEXEC_FLAGS)' \
	INSTRUMENT_FLAGS='$(INSTRUMENT_FLAGS)' VERSION='$(VERSION)' \
	SRCDIR='$(abspath $(srcdir))' BUILDDIR='$(CURDIR)' BUILD='$(CURDIR)/$(B)'

.PHONY: check installcheck bench bench-peers demo
## make check [T=name]       run every test and every example, or those named so
check: all $(call program,$(checked))
	@$(settings) $(srcdir)/tests/run \
	$(if $(filter yes,$(HAVE_CMOCKA)),,"skip=unit tests=CMocka was not found") \
	$(foreach f,$(checked),$(call program,$(f))=$(srcdir)/$(f)) \
	$(foreach f,$(check_scripts),$(srcdir)/$(f)=$(srcdir)/$(f))

## make check-layers, check-symbols, check-headers, check-install, check-flavour
check-symbols check-install check-flavour: all
check-%: $(srcdir)/tests/check_%.sh
	@$(settings) $<
