/** A portcullis. */
export const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#3d6fd9" d="M2 1h12v14h-2V3h-1v12H9V3H7v12H5V3H4v12H2z"/></svg>'
