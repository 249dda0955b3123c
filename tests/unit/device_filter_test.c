/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "device_filter.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define ARRAY_SIZE(array) (sizeof (array) / sizeof ((array)[0]))

#define INSN(code_, dst, src, off_, imm_)                                                          \
  {                                                                                                \
    .code = (code_), .dst_reg = (dst), .src_reg = (src), .off = (off_), .imm = (imm_)              \
  }
#define LOAD(size, dst, offset) INSN (BPF_LDX | BPF_MEM | (size), dst, 1, offset, 0)
#define ALU64(operation, dst, value) INSN (BPF_ALU64 | (operation) | BPF_K, dst, 0, 0, value)
#define ALU32(operation, dst, value) INSN (BPF_ALU | (operation) | BPF_K, dst, 0, 0, value)
#define MOVE(dst, src) INSN (BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define MOVE32(dst, src) INSN (BPF_ALU | BPF_MOV | BPF_X, dst, src, 0, 0)
#define JUMP(operation, dst, value, distance)                                                      \
  INSN (BPF_JMP | (operation) | BPF_K, dst, 0, distance, value)
#define JUMP32(operation, dst, value, distance)                                                    \
  INSN (BPF_JMP32 | (operation) | BPF_K, dst, 0, distance, value)
#define EXIT INSN (BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#define ACCESS(type, access) ((__u32) (access) << 16 | (type))

static const struct bpf_insn allow_all[] = { ALU64 (BPF_MOV, 0, 1), EXIT };
static const struct bpf_insn deny_all[] = { ALU64 (BPF_MOV, 0, 0), EXIT };

/* As runtimes write them: any mknod of a character device; 1:3 with any
   access; reading of 5:*; everything else denied.  */
static const struct bpf_insn typical[] = {
  LOAD (BPF_W, 2, 0),
  ALU32 (BPF_AND, 2, 0xffff),
  LOAD (BPF_W, 3, 0),
  ALU32 (BPF_RSH, 3, 16),
  LOAD (BPF_W, 4, 4),
  LOAD (BPF_W, 5, 8),
  /* mknod */
  JUMP (BPF_JNE, 2, BPF_DEVCG_DEV_CHAR, 5),
  MOVE32 (1, 3),
  ALU32 (BPF_AND, 1, BPF_DEVCG_ACC_MKNOD),
  INSN (BPF_JMP | BPF_JNE | BPF_X, 1, 3, 2, 0),
  ALU64 (BPF_MOV, 0, 1),
  EXIT,
  /* 1:3 */
  JUMP (BPF_JNE, 2, BPF_DEVCG_DEV_CHAR, 4),
  JUMP (BPF_JNE, 4, 1, 3),
  JUMP32 (BPF_JNE, 5, 3, 2),
  ALU64 (BPF_MOV, 0, 1),
  EXIT,
  /* 5:* r */
  JUMP (BPF_JNE, 4, 5, 3),
  JUMP (BPF_JNE, 3, BPF_DEVCG_ACC_READ, 2),
  ALU32 (BPF_MOV, 0, 1),
  EXIT,
  ALU64 (BPF_MOV, 0, 0),
  EXIT,
};

/* Ends the test: the program is not what the interpreter can run.  */
static _Noreturn void
give_up (const char *reason, unsigned int code)
{
  cr_assert (false, "%s: 0x%x", reason, code);
  abort ();
}

static const struct vtpm_device_number vtpm[] = { { 10, 224 }, { 250, 65537 } };

static __u64
load (const struct bpf_cgroup_dev_ctx *context, const struct bpf_insn *insn)
{
  __u32 word;

  cr_assert_eq (insn->code, BPF_LDX | BPF_MEM | BPF_W);
  cr_assert (insn->off >= 0 && (size_t) insn->off < sizeof (*context), "load out of the context");
  memcpy (&word, (const unsigned char *) context + insn->off, sizeof (word));
  return word;
}

static __u64
compute (const struct bpf_insn *insn, __u64 left, __u64 right)
{
  switch (BPF_OP (insn->code))
    {
    case BPF_MOV:
      return right;
    case BPF_AND:
      return left & right;
    case BPF_XOR:
      return left ^ right;
    case BPF_RSH:
      return left >> right;
    default:
      give_up ("unknown ALU operation", insn->code);
    }
}

static bool
jumps (const struct bpf_insn *insn, __u64 left, __u64 right)
{
  switch (BPF_OP (insn->code))
    {
    case BPF_JA:
      return true;
    case BPF_JEQ:
      return left == right;
    case BPF_JNE:
      return left != right;
    default:
      give_up ("unknown jump", insn->code);
    }
}

/* Runs a filter as the kernel would, and as strict about registers that hold
   nothing as its verifier is.  */
static __u64
run (const struct bpf_insn *insns, size_t count, const struct bpf_cgroup_dev_ctx *context)
{
  __u64 registers[12] = { 0 };
  bool written[12] = { [1] = true, [10] = true };
  /* The context pointer itself is never computed with in these programs.  */
  bool context_kept = true;

  for (size_t n = 0; n < count; n++)
    {
      const struct bpf_insn *insn = &insns[n];
      unsigned int class = BPF_CLASS (insn->code);
      bool narrow = class == BPF_ALU || class == BPF_JMP32;
      bool from_register = BPF_SRC (insn->code) == BPF_X;
      __u64 left = registers[insn->dst_reg];
      __u64 right = from_register ? registers[insn->src_reg] : (__u64) (__s64) insn->imm;

      if (insn->code == (BPF_JMP | BPF_EXIT))
        {
          cr_assert (written[0], "exit without a result");
          return registers[0];
        }
      if (class == BPF_LDX)
        {
          cr_assert (insn->src_reg == 1 && context_kept, "load from something else");
          registers[insn->dst_reg] = load (context, insn);
          written[insn->dst_reg] = true;
          context_kept = context_kept && insn->dst_reg != 1;
          continue;
        }
      if (insn->code != (BPF_JMP | BPF_JA))
        cr_assert ((written[insn->dst_reg] || BPF_OP (insn->code) == BPF_MOV)
                       && (!from_register || written[insn->src_reg]),
                   "instruction %zu uses a register that holds nothing", n);
      if (narrow)
        {
          left = (__u32) left;
          right = (__u32) right;
        }
      if (class == BPF_JMP || class == BPF_JMP32)
        {
          if (jumps (insn, left, right))
            n += (size_t) insn->off;
          continue;
        }
      cr_assert (class == BPF_ALU || class == BPF_ALU64);
      registers[insn->dst_reg] = compute (insn, left, right);
      if (narrow)
        registers[insn->dst_reg] = (__u32) registers[insn->dst_reg];
      written[insn->dst_reg] = true;
      context_kept = context_kept && insn->dst_reg != 1;
    }
  give_up ("the program runs past its end", 0);
}

static bool
is_ours (const struct bpf_cgroup_dev_ctx *context, const struct vtpm_device_number *numbers,
         size_t count)
{
  __u32 access = context->access_type >> 16;

  if ((context->access_type & 0xffff) != BPF_DEVCG_DEV_CHAR
      || (access & ~(__u32) (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)) != 0)
    return false;
  for (size_t i = 0; i < count; i++)
    if (context->major == numbers[i].major && context->minor == numbers[i].minor)
      return true;
  return false;
}

/* For every type, access and a number on each side of every interesting one:
   ours are allowed, and all else is as it was.  */
static void
check_semantics (const struct bpf_insn *original, size_t original_count,
                 const struct bpf_insn *given, size_t given_count,
                 const struct vtpm_device_number *numbers, size_t count)
{
  static const __u32 majors[] = { 0, 1, 5, 9, 10, 11, 224, 249, 250, 251, 4095 };
  static const __u32 minors[] = { 0, 1, 3, 10, 223, 224, 225, 65536, 65537, 65538, 1048575 };
  _cleanup_free_ struct bpf_insn *filter = NULL;
  _cleanup_error_ struct vtpm_error *error = NULL;
  size_t filter_count;

  cr_assert_eq (
      vtpm_device_filter_build (numbers, count, given, given_count, &filter, &filter_count, &error),
      0, "%s", error != NULL ? vtpm_error_message (error) : "");
  for (__u32 type = 1; type <= 2; type++)
    for (__u32 access = 0; access < 8; access++)
      for (size_t i = 0; i < ARRAY_SIZE (majors); i++)
        for (size_t j = 0; j < ARRAY_SIZE (minors); j++)
          {
            const struct bpf_cgroup_dev_ctx context
                = { ACCESS (type, access), majors[i], minors[j] };
            __u64 expected
                = is_ours (&context, numbers, count) ? 1 : run (original, original_count, &context);

            cr_assert_eq (run (filter, filter_count, &context), expected,
                          "type %u access %u device %u:%u", type, access, majors[i], minors[j]);
          }
}

static void
check_refused (const struct bpf_insn *original, size_t count,
               const struct vtpm_device_number *number, size_t number_count, int errnum,
               const char *word)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct bpf_insn *filter = NULL;
  size_t filter_count;

  cr_assert_eq (vtpm_device_filter_build (number, number_count, original, count, &filter,
                                          &filter_count, &error),
                -1);
  cr_assert_null (filter);
  cr_assert_eq (vtpm_error_errnum (error), errnum);
  cr_assert_not_null (strstr (vtpm_error_message (error), word), "%s", vtpm_error_message (error));
}

/* What the kernel's bpf_jit_blind_insn() makes of a program without backward
   jumps.  Returns the new count.  */
static size_t
blind (const struct bpf_insn *insns, size_t count, struct bpf_insn *blinded)
{
  size_t start[64];
  size_t n = 0;

  for (size_t i = 0; i < count; i++)
    {
      const struct bpf_insn *insn = &insns[i];
      unsigned int class = BPF_CLASS (insn->code);
      bool narrow = class == BPF_ALU || class == BPF_JMP32;
      bool plain
          = class == BPF_LDX || BPF_SRC (insn->code) == BPF_X || BPF_OP (insn->code) == BPF_EXIT;
      __s32 secret = (__s32) (0x9e3779b9u * (__u32) (i + 1));

      start[i] = n;
      if (plain)
        blinded[n++] = *insn;
      else if (insn->imm == 0 && BPF_OP (insn->code) == BPF_MOV && class != BPF_JMP)
        blinded[n++] = (struct bpf_insn) INSN (BPF_ALU64 | BPF_XOR | BPF_X, insn->dst_reg,
                                               insn->dst_reg, 0, 0);
      else
        {
          __u8 set = narrow ? BPF_ALU : BPF_ALU64;

          blinded[n++] = (struct bpf_insn) INSN ((__u8) (set | BPF_MOV | BPF_K), 11, 0, 0,
                                                 insn->imm ^ secret);
          blinded[n++] = (struct bpf_insn) INSN ((__u8) (set | BPF_XOR | BPF_K), 11, 0, 0, secret);
          blinded[n++] = (struct bpf_insn) INSN ((__u8) (insn->code | BPF_X), insn->dst_reg, 11,
                                                 insn->off, 0);
        }
    }
  start[count] = n;
  for (size_t i = 0; i < count; i++)
    if (insns[i].off != 0 && BPF_CLASS (insns[i].code) != BPF_LDX)
      blinded[start[i + 1] - 1].off = (__s16) (start[i + 1 + (size_t) insns[i].off] - start[i + 1]);
  return n;
}

TestSuite (device_filter);

Test (device_filter, interpreter_agrees_with_the_typical_filter)
{
  const struct bpf_cgroup_dev_ctx null = { ACCESS (BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_WRITE), 1, 3 };
  const struct bpf_cgroup_dev_ctx tpm
      = { ACCESS (BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_WRITE), 10, 224 };
  const struct bpf_cgroup_dev_ctx mknod
      = { ACCESS (BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_MKNOD), 7, 7 };

  cr_assert_eq (run (typical, ARRAY_SIZE (typical), &null), 1);
  cr_assert_eq (run (typical, ARRAY_SIZE (typical), &tpm), 0);
  cr_assert_eq (run (typical, ARRAY_SIZE (typical), &mknod), 1);
}

Test (device_filter, allows_ours_and_nothing_more)
{
  check_semantics (deny_all, ARRAY_SIZE (deny_all), deny_all, ARRAY_SIZE (deny_all), vtpm,
                   ARRAY_SIZE (vtpm));
}

Test (device_filter, continues_into_the_original)
{
  check_semantics (typical, ARRAY_SIZE (typical), typical, ARRAY_SIZE (typical), vtpm,
                   ARRAY_SIZE (vtpm));
  check_semantics (allow_all, ARRAY_SIZE (allow_all), allow_all, ARRAY_SIZE (allow_all), vtpm,
                   ARRAY_SIZE (vtpm));
}

Test (device_filter, takes_one_device_or_none)
{
  check_semantics (typical, ARRAY_SIZE (typical), typical, ARRAY_SIZE (typical), vtpm, 1);
  check_semantics (typical, ARRAY_SIZE (typical), typical, ARRAY_SIZE (typical), vtpm, 0);
}

Test (device_filter, can_be_applied_twice)
{
  _cleanup_free_ struct bpf_insn *once = NULL;
  _cleanup_error_ struct vtpm_error *error = NULL;
  const struct vtpm_device_number both[] = { vtpm[0], vtpm[1] };
  size_t once_count;

  cr_assert_eq (vtpm_device_filter_build (&both[0], 1, typical, ARRAY_SIZE (typical), &once,
                                          &once_count, &error),
                0);
  check_semantics (once, once_count, once, once_count, &both[1], 1);
}

Test (device_filter, allows_as_many_devices_as_it_says)
{
  struct vtpm_device_number numbers[VTPM_DEVICE_FILTER_NUMBERS_MAX + 1];

  for (size_t i = 0; i < ARRAY_SIZE (numbers); i++)
    numbers[i] = (struct vtpm_device_number){ 250, 65536 + (unsigned int) i };
  check_semantics (typical, ARRAY_SIZE (typical), typical, ARRAY_SIZE (typical), numbers,
                   VTPM_DEVICE_FILTER_NUMBERS_MAX);
  check_refused (typical, ARRAY_SIZE (typical), numbers, ARRAY_SIZE (numbers), E2BIG, "65");
}

Test (device_filter, takes_the_largest_number)
{
  const struct vtpm_device_number largest = { VTPM_DEVICE_MAJOR_MAX, VTPM_DEVICE_MINOR_MAX };

  check_semantics (typical, ARRAY_SIZE (typical), typical, ARRAY_SIZE (typical), &largest, 1);
}

Test (device_filter, refuses_numbers_that_no_device_has)
{
  const struct vtpm_device_number major = { VTPM_DEVICE_MAJOR_MAX + 1, 0 };
  const struct vtpm_device_number minor = { 0, VTPM_DEVICE_MINOR_MAX + 1 };

  check_refused (deny_all, ARRAY_SIZE (deny_all), &major, 1, EINVAL, "4096:0");
  check_refused (deny_all, ARRAY_SIZE (deny_all), &minor, 1, EINVAL, "0:1048576");
}

Test (device_filter, refuses_an_empty_filter)
{
  check_refused (deny_all, 0, vtpm, 1, EINVAL, "empty");
}

Test (device_filter, refuses_more_than_the_kernel_takes)
{
  _cleanup_free_ struct bpf_insn *many = calloc (VTPM_DEVICE_FILTER_INSNS_MAX, sizeof (*many));

  cr_assert_not_null (many);
  check_refused (many, VTPM_DEVICE_FILTER_INSNS_MAX, vtpm, 1, E2BIG, "1000000");
  check_refused (many, (size_t) -1, vtpm, 1, E2BIG, "instructions");
}

Test (device_filter, refuses_what_has_lost_its_meaning)
{
  static const struct bpf_insn call[] = { INSN (BPF_JMP | BPF_CALL, 0, 0, 0, 5), EXIT };
  static const struct bpf_insn map[] = {
    INSN (BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_MAP_FD, 0, 7),
    INSN (0, 0, 0, 0, 0),
    ALU64 (BPF_MOV, 0, 1),
    EXIT,
  };

  check_refused (call, ARRAY_SIZE (call), vtpm, 1, ENOTSUP, "function");
  check_refused (map, ARRAY_SIZE (map), vtpm, 1, ENOTSUP, "map");
}

Test (device_filter, takes_a_wide_constant)
{
  static const struct bpf_insn wide[] = {
    INSN (BPF_LD | BPF_IMM | BPF_DW, 2, 0, 0, 7),
    INSN (0, 0, 0, 0, 9),
    ALU64 (BPF_MOV, 0, 1),
    EXIT,
  };
  _cleanup_free_ struct bpf_insn *filter = NULL;
  size_t filter_count;

  cr_assert_eq (
      vtpm_device_filter_build (vtpm, 1, wide, ARRAY_SIZE (wide), &filter, &filter_count, NULL), 0);
  cr_assert_eq (memcmp (filter + filter_count - ARRAY_SIZE (wide), wide, sizeof (wide)), 0);
}

Test (device_filter, restores_blinded_constants)
{
  struct bpf_insn blinded[3 * ARRAY_SIZE (typical)];
  size_t count = blind (typical, ARRAY_SIZE (typical), blinded);

  cr_assert_gt (count, ARRAY_SIZE (typical));
  check_semantics (typical, ARRAY_SIZE (typical), blinded, count, vtpm, ARRAY_SIZE (vtpm));
  count = blind (deny_all, ARRAY_SIZE (deny_all), blinded);
  check_semantics (deny_all, ARRAY_SIZE (deny_all), blinded, count, vtpm, ARRAY_SIZE (vtpm));
}

Test (device_filter, refuses_other_uses_of_the_hidden_register)
{
  /* A value set with 32 bits and used with 64 is not what the kernel makes.  */
  static const struct bpf_insn mixed[] = {
    LOAD (BPF_W, 2, 0),     ALU32 (BPF_MOV, 11, -5),
    ALU32 (BPF_XOR, 11, 9), INSN (BPF_ALU64 | BPF_AND | BPF_X, 2, 11, 0, 0),
    ALU64 (BPF_MOV, 0, 1),  EXIT,
  };
  static const struct bpf_insn cut_off[] = { ALU64 (BPF_MOV, 0, 1), EXIT, ALU64 (BPF_MOV, 11, 1) };

  check_refused (mixed, ARRAY_SIZE (mixed), vtpm, 1, ENOTSUP, "bpf_jit_harden");
  check_refused (cut_off, ARRAY_SIZE (cut_off), vtpm, 1, ENOTSUP, "bpf_jit_harden");
}
