/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "transfer_secret.h"

#include <ctype.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>

#include "libcrypto.h"

#define ITERATIONS 1000
#define SHA512_SIZE 64

/* "0x", the digits, a line's end.  */
#define KEY_FILE_MAX (2 + 2 * VTPM_TRANSFER_KEY_MAX + 2)

static const unsigned char salt[] = { 's', 'w', 't', 'p', 'm' };

/* At most SIZE bytes; *GOT is SIZE where there may be more.  */
static int
read_up_to (int fd, const char *what, uint8_t *bytes, size_t size, size_t *got,
            struct vtpm_error **error)
{
  for (*got = 0; *got < size;)
    {
      ssize_t count = read (fd, bytes + *got, size - *got);

      if (count < 0 && errno == EINTR)
        continue;
      if (count < 0)
        return vtpm_error_set (error, errno, "cannot read %s", what);
      if (count == 0)
        break;
      *got += (size_t) count;
    }
  return 0;
}

static int
digit_value (uint8_t digit)
{
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  digit = (uint8_t) (digit | 0x20);
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool
parse_digits (const uint8_t *text, size_t size, struct vtpm_transfer_key *key)
{
  if (size > KEY_FILE_MAX)
    return false;
  while (size > 0 && isspace (text[size - 1]))
    size--;
  if (size >= 2 && text[0] == '0' && (text[1] | 0x20) == 'x')
    {
      text += 2;
      size -= 2;
    }
  if (size != VTPM_TRANSFER_KEY_MAX && size != 2 * VTPM_TRANSFER_KEY_MAX)
    return false;
  for (size_t i = 0; i < size; i += 2)
    {
      int high = digit_value (text[i]), low = digit_value (text[i + 1]);

      if (high < 0 || low < 0)
        return false;
      key->bytes[i / 2] = (uint8_t) (high << 4 | low);
    }
  key->size = size / 2;
  return true;
}

int
vtpm_transfer_key_read (int fd, const char *what, struct vtpm_transfer_key *key,
                     struct vtpm_error **error)
{
  uint8_t text[KEY_FILE_MAX + 1]; /* the last byte tells that there is too much */
  size_t size;
  int result = read_up_to (fd, what, text, sizeof (text), &size, error);

  if (result == 0 && !parse_digits (text, size, key))
    {
      if (size == VTPM_TRANSFER_KEY_MAX || size == VTPM_TRANSFER_KEY_MAX / 2)
        {
          memcpy (key->bytes, text, size);
          key->size = size;
        }
      else
        result = vtpm_error_set_plain (error, EINVAL,
                                       "%s is no key: neither 16 or 32 bytes nor 32 or 64 "
                                       "hexadecimal digits",
                                       what);
    }
  explicit_bzero (text, sizeof (text));
  return result;
}

int
vtpm_transfer_password_read (int fd, const char *what, struct vtpm_transfer_secret *secret,
                          struct vtpm_error **error)
{
  size_t size;

  if (read_up_to (fd, what, secret->password, sizeof (secret->password), &size, error) < 0)
    return -1;
  if (size == 0)
    return vtpm_error_set_plain (error, EINVAL, "%s is empty", what);
  if (size == sizeof (secret->password))
    return vtpm_error_set_plain (error, EFBIG, "%s has %zu bytes or more", what, size);
  secret->kind = VTPM_TRANSFER_PASSWORD;
  secret->password_size = size;
  return 0;
}

int
vtpm_transfer_secret_read (const char *key_file, const char *password_file,
                           struct vtpm_transfer_secret *secret, struct vtpm_error **error)
{
  const char *path = key_file != NULL ? key_file : password_file;
  _cleanup_close_ int fd = -1;

  *secret = (struct vtpm_transfer_secret) { 0 };
  if (path == NULL)
    return 0;
  fd = open (path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", path);
  if (key_file == NULL)
    return vtpm_transfer_password_read (fd, path, secret, error);
  if (vtpm_transfer_key_read (fd, path, &secret->key, error) < 0)
    return -1;
  secret->kind = VTPM_TRANSFER_KEY;
  return 0;
}

int
vtpm_transfer_secret_to_host_key (const struct vtpm_transfer_secret *secret,
                                  uint8_t key[VTPM_HOST_KEY_SIZE], struct vtpm_error **error)
{
  if (secret->kind != VTPM_TRANSFER_KEY)
    return vtpm_error_set_plain (error, EINVAL,
                                 "a copy in native format has a key, and no password");
  if (secret->key.size != VTPM_HOST_KEY_SIZE)
    return vtpm_error_set_plain (error, EINVAL,
                                 "the key of a copy in native format has %d bytes, and not %zu",
                                 VTPM_HOST_KEY_SIZE, secret->key.size);
  memcpy (key, secret->key.bytes, VTPM_HOST_KEY_SIZE);
  return 0;
}

int
vtpm_transfer_key_derive (const struct vtpm_transfer_secret *secret, enum vtpm_swtpm_kdf kdf,
                       size_t size, struct vtpm_transfer_key *key, struct vtpm_error **error)
{
  uint8_t hash[SHA512_SIZE];
  int done = 0;

  if (vtpm_libcrypto_prepare (error) < 0)
    return -1;
  switch (kdf)
    {
    case VTPM_SWTPM_PBKDF2:
      done = PKCS5_PBKDF2_HMAC ((const char *) secret->password, (int) secret->password_size, salt,
                                sizeof (salt), ITERATIONS, EVP_sha512 (), (int) size, key->bytes);
      break;
    case VTPM_SWTPM_SHA512:
      done = EVP_Digest (secret->password, secret->password_size, hash, NULL, EVP_sha512 (), NULL);
      memcpy (key->bytes, hash, size);
      explicit_bzero (hash, sizeof (hash));
      break;
    }
  key->size = size;
  return done == 1 ? 0
                   : vtpm_error_set_plain (error, EIO, "libcrypto cannot derive a key from a "
                                                       "password");
}

void
vtpm_transfer_key_wipe (struct vtpm_transfer_key *key)
{
  explicit_bzero (key, sizeof (*key));
}

void
vtpm_transfer_secret_wipe (struct vtpm_transfer_secret *secret)
{
  explicit_bzero (secret, sizeof (*secret));
}
