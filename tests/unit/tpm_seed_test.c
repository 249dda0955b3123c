/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "tpm_seed.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "expect_error.h"

static int
make_seed (const char *text)
{
  struct vtpm_secret_bytes bytes = { .data = (uint8_t *) text, .size = strlen (text) };
  uint8_t *mapped = NULL;
  int fd = -1;

  assert_success (vtpm_tpm_seed_create (&fd, &error));
  assert_success (vtpm_tpm_seed_map (fd, &mapped, &error));
  assert_success (vtpm_tpm_seed_fill (mapped, &bytes, &error));
  cr_assert_eq (munmap (mapped, VTPM_TPM_SEED_MAX), 0);
  assert_success (vtpm_tpm_seed_seal (fd, bytes.size, &error));
  return fd;
}

Test (tpm_seed, carries_a_state)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes bytes = { 0 };
  _cleanup_close_ int fd = make_seed ("a state");

  assert_success (vtpm_tpm_seed_read (fd, &bytes, &error));
  cr_assert_eq (bytes.size, 7);
  cr_assert_arr_eq (bytes.data, "a state", 7);
}

Test (tpm_seed, may_be_empty)
{
  struct vtpm_secret_bytes bytes = { 0 };
  _cleanup_close_ int fd = -1;

  assert_success (vtpm_tpm_seed_create_empty (&fd, &error));
  assert_success (vtpm_tpm_seed_read (fd, &bytes, &error));
  cr_assert_null (bytes.data);
  cr_assert_eq (bytes.size, 0);
}

/* Whoever holds it, nobody changes it any more.  */
Test (tpm_seed, is_final)
{
  _cleanup_close_ int fd = make_seed ("a state");

  cr_expect_eq (write (fd, "x", 1), -1);
  cr_expect_eq (ftruncate (fd, 3), -1);
  cr_expect_eq (ftruncate (fd, 30), -1);
  cr_expect_eq (fcntl (fd, F_GETFD), FD_CLOEXEC);
}

Test (tpm_seed, is_not_sealed_under_a_writer)
{
  _cleanup_close_ int fd = -1;
  uint8_t *mapped;

  assert_success (vtpm_tpm_seed_create (&fd, &error));
  assert_success (vtpm_tpm_seed_map (fd, &mapped, &error));
  expect_error (vtpm_tpm_seed_seal (fd, 7, &error), EBUSY, "cannot seal the memory file");
}

Test (tpm_seed, refuses_what_is_none)
{
  struct vtpm_secret_bytes bytes = { .data = (uint8_t *) "x", .size = VTPM_TPM_SEED_MAX + 1 };
  _cleanup_close_ int open_one = -1;
  _cleanup_close_ int file = open ("/dev/null", O_RDWR | O_CLOEXEC);
  _cleanup_close_ int large = memfd_create ("large", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  assert_success (vtpm_tpm_seed_create (&open_one, &error));
  expect_error (vtpm_tpm_seed_read (open_one, &bytes, &error), EINVAL, "is no sealed memory file");
  expect_error (vtpm_tpm_seed_read (file, &bytes, &error), EINVAL, "is no sealed memory file");
  expect_error (vtpm_tpm_seed_read (-1, &bytes, &error), EINVAL, "is no sealed memory file");
  expect_error (vtpm_tpm_seed_fill (bytes.data, &bytes, &error), EFBIG, "1048577 bytes");
  expect_error (vtpm_tpm_seed_seal (open_one, VTPM_TPM_SEED_MAX + 1, &error), EINVAL,
                "1048577 bytes are no TPM's state");
  cr_assert_eq (ftruncate (large, (off_t) VTPM_TPM_SEED_MAX + 1), 0);
  cr_assert_eq (fcntl (large, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
  expect_error (vtpm_tpm_seed_read (large, &bytes, &error), EINVAL,
                "1048577 bytes are no TPM's state");
}
