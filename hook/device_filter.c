/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "device_filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The kernel's own register, in which constants are blinded; programs from
   user space may not use it.  */
#define BPF_REG_AX 11

/* As linux/filter.h of the kernel calls them; user space has no such header.  */
#define LOAD_CONTEXT(register_, field)                                                             \
  ((struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W,                                           \
                      .dst_reg = (register_),                                                      \
                      .src_reg = BPF_REG_1,                                                        \
                      .off = offsetof (struct bpf_cgroup_dev_ctx, field) })
#define MOVE_REGISTER(to, from)                                                                    \
  ((struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (to), .src_reg = (from) })
#define ALU_IMMEDIATE(operation, register_, value)                                                 \
  ((struct bpf_insn){                                                                              \
      .code = BPF_ALU64 | (operation) | BPF_K, .dst_reg = (register_), .imm = (__s32) (value) })
#define JUMP_UNLESS_EQUAL(register_, value, distance)                                              \
  ((struct bpf_insn){ .code = BPF_JMP | BPF_JNE | BPF_K,                                           \
                      .dst_reg = (register_),                                                      \
                      .off = (__s16) (distance),                                                   \
                      .imm = (__s32) (value) })
#define NO_OPERATION ((struct bpf_insn){ .code = BPF_JMP | BPF_JA })
#define EXIT ((struct bpf_insn){ .code = BPF_JMP | BPF_EXIT })

#define RULE_HEAD_INSNS 9
#define RULE_INSNS_PER_NUMBER 4

/* Only registers 2 to 4 and, where the rule allows, 0 are written: ORIGINAL
   starts as the kernel would start it, with the context in register 1 and
   nothing in the others.  */
static void
build_rule (const struct vtpm_device_number *numbers, size_t count, struct bpf_insn *rule)
{
  const size_t length = RULE_HEAD_INSNS + count * RULE_INSNS_PER_NUMBER;
  const __u32 allowed = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;
  size_t n = 0;

  rule[n++] = LOAD_CONTEXT (BPF_REG_2, access_type);
  rule[n++] = MOVE_REGISTER (BPF_REG_3, BPF_REG_2);
  rule[n++] = ALU_IMMEDIATE (BPF_AND, BPF_REG_3, 0xffff);
  rule[n] = JUMP_UNLESS_EQUAL (BPF_REG_3, BPF_DEVCG_DEV_CHAR, length - n - 1);
  n++;
  rule[n++] = ALU_IMMEDIATE (BPF_RSH, BPF_REG_2, 16);
  rule[n++] = ALU_IMMEDIATE (BPF_AND, BPF_REG_2, ~allowed);
  rule[n] = JUMP_UNLESS_EQUAL (BPF_REG_2, 0, length - n - 1);
  n++;
  rule[n++] = LOAD_CONTEXT (BPF_REG_3, major);
  rule[n++] = LOAD_CONTEXT (BPF_REG_4, minor);
  for (size_t i = 0; i < count; i++)
    {
      rule[n++] = JUMP_UNLESS_EQUAL (BPF_REG_3, numbers[i].major, 3);
      rule[n++] = JUMP_UNLESS_EQUAL (BPF_REG_4, numbers[i].minor, 2);
      rule[n++] = ALU_IMMEDIATE (BPF_MOV, BPF_REG_0, 1);
      rule[n++] = EXIT;
    }
}

static bool
is_blinding (const struct bpf_insn *insn, unsigned int class, unsigned int operation)
{
  return insn->code == (class | operation | BPF_K) && insn->dst_reg == BPF_REG_AX;
}

/* Whether three instructions are the blinded form of one: AX gets its value
   with the width of the one that uses it.  */
static bool
is_blinded (const struct bpf_insn *insn)
{
  unsigned int class = BPF_CLASS (insn[2].code);
  bool narrow = class == BPF_ALU || class == BPF_JMP32;
  bool wide = class == BPF_ALU64 || class == BPF_JMP;
  unsigned int set = narrow ? BPF_ALU : BPF_ALU64;

  return (narrow || wide) && BPF_SRC (insn[2].code) == BPF_X && insn[2].src_reg == BPF_REG_AX
         && insn[2].dst_reg != BPF_REG_AX && is_blinding (&insn[0], set, BPF_MOV)
         && is_blinding (&insn[1], set, BPF_XOR);
}

/* Undoes the kernel's bpf_jit_blind_insn(): "op dst, imm" has become
       AX = imm ^ random; AX ^= random; op dst, AX
   and "dst = 0" has become "dst ^= dst", which the verifier refuses where dst
   holds nothing yet.  Each is put right in its place, so that no jump has to
   be moved.  Anything else in which AX occurs stays, and is refused later.  */
static void
restore_constants (struct bpf_insn *insns, size_t count)
{
  for (size_t i = 0; i < count; i++)
    {
      struct bpf_insn *insn = &insns[i];

      if (insn->code == (BPF_ALU64 | BPF_XOR | BPF_X) && insn->dst_reg == insn->src_reg)
        *insn = ALU_IMMEDIATE (BPF_MOV, insn->dst_reg, 0);
      if (count - i < 3 || !is_blinded (insn))
        continue;
      insn[2].code = (__u8) ((insn[2].code & ~BPF_X) | BPF_K);
      insn[2].src_reg = 0;
      insn[2].imm = insn[0].imm ^ insn[1].imm;
      insn[0] = NO_OPERATION;
      insn[1] = NO_OPERATION;
    }
}

static int
check_loadable (const struct bpf_insn *insns, size_t count, struct vtpm_error **error)
{
  for (size_t i = 0; i < count; i++)
    {
      const struct bpf_insn *insn = &insns[i];

      if (insn->code == (BPF_JMP | BPF_CALL))
        return vtpm_error_set_plain (error, ENOTSUP, "the device filter calls a function");
      if (insn->dst_reg >= BPF_REG_AX || insn->src_reg >= BPF_REG_AX)
        return vtpm_error_set_plain (error, ENOTSUP,
                                     "the device filter has hidden constants "
                                     "(net.core.bpf_jit_harden)");
      if (insn->code == (BPF_LD | BPF_IMM | BPF_DW) && insn->src_reg != 0)
        return vtpm_error_set_plain (error, ENOTSUP, "the device filter uses a map");
    }
  return 0;
}

static int
check_sizes (const struct vtpm_device_number *numbers, size_t count, size_t original_count,
             struct vtpm_error **error)
{
  if (count > VTPM_DEVICE_FILTER_NUMBERS_MAX)
    return vtpm_error_set_plain (error, E2BIG, "%zu devices in one rule", count);
  if (original_count == 0)
    return vtpm_error_set_plain (error, EINVAL, "the device filter is empty");
  if (original_count
      > VTPM_DEVICE_FILTER_INSNS_MAX - RULE_HEAD_INSNS - count * RULE_INSNS_PER_NUMBER)
    return vtpm_error_set_plain (error, E2BIG, "the device filter has %zu instructions",
                                 original_count);
  for (size_t i = 0; i < count; i++)
    if (numbers[i].major > VTPM_DEVICE_MAJOR_MAX || numbers[i].minor > VTPM_DEVICE_MINOR_MAX)
      return vtpm_error_set_plain (error, EINVAL, "device number %u:%u", numbers[i].major,
                                   numbers[i].minor);
  return 0;
}

int
vtpm_device_filter_build (const struct vtpm_device_number *numbers, size_t count,
                          const struct bpf_insn *original, size_t original_count,
                          struct bpf_insn **filter, size_t *filter_count, struct vtpm_error **error)
{
  _cleanup_free_ struct bpf_insn *made = NULL;
  size_t rule_count;

  if (check_sizes (numbers, count, original_count, error) < 0)
    return -1;
  rule_count = RULE_HEAD_INSNS + count * RULE_INSNS_PER_NUMBER;
  made = calloc (rule_count + original_count, sizeof (*made));
  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "device filter");
  build_rule (numbers, count, made);
  memcpy (made + rule_count, original, original_count * sizeof (*original));
  restore_constants (made + rule_count, original_count);
  if (check_loadable (made + rule_count, original_count, error) < 0)
    return -1;
  *filter = vtpm_steal_pointer (&made);
  *filter_count = rule_count + original_count;
  return 0;
}
