#define _GNU_SOURCE
#include "redirect.h"

#include <stdio.h>
#include <string.h>

#include "team.h"

#if defined(__linux__) && defined(__LP64__) && (defined(__x86_64__) || defined(__aarch64__))
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/// The parts of a loaded library that name its imports.
struct imports {
  ElfW(Addr) base;
  const ElfW(Sym) *symbols;
  const char *names;
  const ElfW(Rela) *relocations[2];
  size_t counts[2];
  // Read-only after relocation.
  uintptr_t protected_begin, protected_end;
};

static bool fills_import_slot(ElfW(Xword) info) {
#if defined(__x86_64__)
  unsigned type = ELF64_R_TYPE(info);
  return type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT || type == R_X86_64_64;
#else
  unsigned type = ELF64_R_TYPE(info);
  return type == R_AARCH64_JUMP_SLOT || type == R_AARCH64_GLOB_DAT || type == R_AARCH64_ABS64;
#endif
}

static int find_protected(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct imports *imports = context;
  if (info->dlpi_addr != imports->base) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type != PT_GNU_RELRO) continue;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    imports->protected_begin = (imports->base + header->p_vaddr) & ~(page - 1);
    imports->protected_end = (imports->base + header->p_vaddr + header->p_memsz) & ~(page - 1);
  }
  return 1;
}

static bool read_imports(void *handle, struct imports *imports) {
  struct link_map *map = NULL;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map == NULL) return false;
  *imports = (struct imports){.base = map->l_addr};
  size_t sizes[2] = {0, 0};
  for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
    // Some loaders leave addresses relative to the library.
    ElfW(Addr) address = entry->d_un.d_ptr;
    if (address < imports->base) address += imports->base;
    switch (entry->d_tag) {
    case DT_SYMTAB: imports->symbols = (const ElfW(Sym) *)address; break;
    case DT_STRTAB: imports->names = (const char *)address; break;
    case DT_JMPREL: imports->relocations[0] = (const ElfW(Rela) *)address; break;
    case DT_RELA: imports->relocations[1] = (const ElfW(Rela) *)address; break;
    case DT_PLTRELSZ: sizes[0] = entry->d_un.d_val; break;
    case DT_RELASZ: sizes[1] = entry->d_un.d_val; break;
    default: break;
    }
  }
  for (int i = 0; i < 2; i++) {
    imports->counts[i] = imports->relocations[i] == NULL ? 0 : sizes[i] / sizeof(ElfW(Rela));
  }
  dl_iterate_phdr(find_protected, imports);
  return imports->symbols != NULL && imports->names != NULL;
}

static bool write_slot(const struct imports *imports, uintptr_t address, void *target) {
  bool is_protected = address >= imports->protected_begin && address < imports->protected_end;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  void *start = (void *)(address & ~(uintptr_t)(page - 1));
  if (is_protected && mprotect(start, page, PROT_READ | PROT_WRITE) != 0) return false;
  *(void **)address = target;
  return !is_protected || mprotect(start, page, PROT_READ) == 0;
}

static bool starts_with(const char *name, const char *prefix) {
  return strncmp(name, prefix, strlen(prefix)) == 0;
}

/// Visits the OpenMP imports; with `write` set the slots are changed, without they are only checked.
static int visit(const struct imports *imports, bool write, char *error, size_t error_size) {
  int count = 0;
  for (int table = 0; table < 2; table++) {
    for (size_t i = 0; i < imports->counts[table]; i++) {
      const ElfW(Rela) *relocation = &imports->relocations[table][i];
      size_t symbol = ELF64_R_SYM(relocation->r_info);
      if (symbol == 0 || !fills_import_slot(relocation->r_info)) continue;
      if (imports->symbols[symbol].st_shndx != SHN_UNDEF) continue;
      const char *name = imports->names + imports->symbols[symbol].st_name;
      bool other_runtime = starts_with(name, "__kmpc_") || starts_with(name, "tbb");
      if (!other_runtime && !starts_with(name, "GOMP_") && !starts_with(name, "omp_")) continue;
      void *target = apus_team_entry(name);
      if (target == NULL) {
        snprintf(error, error_size, "oneDNN's threads cannot be replaced: it imports %s", name);
        return -1;
      }
      if (write && !write_slot(imports, imports->base + relocation->r_offset, target)) {
        snprintf(error, error_size,
                 "oneDNN's threads cannot be replaced: the import of %s is write-protected", name);
        return -1;
      }
      count++;
    }
  }
  return count;
}

int apus_redirect_openmp(void *handle, char *error, size_t error_size) {
  struct imports imports;
  if (!read_imports(handle, &imports)) {
    snprintf(error, error_size, "oneDNN's threads cannot be replaced: its import table was not found");
    return -1;
  }
  if (visit(&imports, false, error, error_size) < 0) return -1;
  return visit(&imports, true, error, error_size);
}

#else

int apus_redirect_openmp(void *handle, char *error, size_t error_size) {
  (void)handle;
  snprintf(error, error_size, "oneDNN's threads can be replaced on 64-bit Linux only (x86-64, ARM64)");
  return -1;
}

#endif
