"""What requests and answers hold, as pydantic models: the API's schema is made of them."""
