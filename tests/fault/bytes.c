/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "bytes.h"

#include <string.h>

void
bytes_put (struct bytes *bytes, const void *data, size_t size)
{
  if (size > sizeof (bytes->data) - bytes->size)
    {
      bytes->overflow = true;
      return;
    }
  if (size > 0)
    memcpy (bytes->data + bytes->size, data, size);
  bytes->size += size;
}

void
bytes_put_number (struct bytes *bytes, uint64_t number, size_t width)
{
  uint8_t encoded[8];

  for (size_t i = 0; i < width; i++)
    encoded[i] = (uint8_t) (number >> (8 * (width - 1 - i)));
  bytes_put (bytes, encoded, width);
}

void
bytes_put_sized (struct bytes *bytes, const void *data, size_t size)
{
  bytes_put_number (bytes, size, 2);
  bytes_put (bytes, data, size);
}

const uint8_t *
cursor_take (struct cursor *cursor, size_t size)
{
  const uint8_t *taken = cursor->data;

  if (cursor->underflow || size > cursor->left)
    {
      cursor->underflow = true;
      return NULL;
    }
  cursor->data += size;
  cursor->left -= size;
  return taken;
}

uint64_t
cursor_number (struct cursor *cursor, size_t width)
{
  const uint8_t *encoded = cursor_take (cursor, width);
  uint64_t number = 0;

  if (encoded == NULL)
    return 0;
  for (size_t i = 0; i < width; i++)
    number = number << 8 | encoded[i];
  return number;
}

const uint8_t *
cursor_sized (struct cursor *cursor, size_t *size)
{
  const uint8_t *data;

  *size = (size_t) cursor_number (cursor, 2);
  data = cursor_take (cursor, *size);
  if (data == NULL)
    *size = 0;
  return data;
}
